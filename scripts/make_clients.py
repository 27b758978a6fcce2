"""Writes the Python client and the Postman collection of docs/examples from docs/openapi.yaml, with other people's
generators: openapi-python-client, and openapi-to-postmanv2 where npm is installed.

usage: scripts/make_clients.py [--into docs/examples] [--python-only]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "openapi.yaml"
PACKAGE = "invoice_data_client"
COLLECTION = "invoice-data.postman_collection.json"
POSTMAN = "openapi-to-postmanv2@6.3.3"
# Names of classes do not tell apart what the two contracts call lineItem and LineItem.
RENAMED = {"LineItem": "InvoiceLine", "upload": "InvoiceUpload", "Upload": "DocumentUpload"}


def with_distinct_names(document: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(document)
    for name, other in RENAMED.items():
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/{other}"')
    renamed: dict[str, Any] = json.loads(text)
    schemas = renamed["components"]["schemas"]
    renamed["components"]["schemas"] = {RENAMED.get(name, name): schema for name, schema in schemas.items()}
    return renamed


def make_python_client(document: dict[str, Any], into: Path) -> None:
    """Formatted by ruff, which stands beside this Python; elsewhere first, where no settings of ours apply to it."""
    tools = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as folder:
        source, configuration = Path(folder) / "openapi.json", Path(folder) / "config.json"
        source.write_text(json.dumps(with_distinct_names(document)))
        configuration.write_text(json.dumps({"project_name_override": PACKAGE, "package_name_override": PACKAGE}))
        command = [str(tools / "openapi-python-client"), "generate", f"--path={source}", f"--config={configuration}"]
        made = Path(folder) / PACKAGE
        options = [f"--output-path={made}", "--meta=none", "--fail-on-warning"]
        subprocess.run([*command, *options], check=True, env=environment)
        shutil.rmtree(made / ".ruff_cache", ignore_errors=True)
        shutil.rmtree(into / PACKAGE, ignore_errors=True)
        shutil.copytree(made, into / PACKAGE)


def make_collection(into: Path) -> None:
    """{{baseUrl}} and {{bearerToken}} are the collection's variables."""
    command = ["npx", "--yes", "--package", POSTMAN, "openapi2postmanv2", "--spec", str(DOCUMENT), "--pretty"]
    options = ["--output", str(into / COLLECTION), "--options", "folderStrategy=Tags,includeAuthInfoInExample=false"]
    subprocess.run([*command, *options], check=True)
    collection = json.loads((into / COLLECTION).read_text())
    (into / COLLECTION).write_text(json.dumps(without_ids(collection), indent=2, ensure_ascii=False) + "\n")


def without_ids(node: Any) -> Any:
    """They are made anew each time, and nothing needs them."""
    if isinstance(node, dict):
        return {key: without_ids(value) for key, value in node.items() if key not in ("id", "_postman_id")}
    return [without_ids(item) for item in node] if isinstance(node, list) else node


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "examples")
    parser.add_argument("--python-only", action="store_true", help="the collection is left as it is")
    options = parser.parse_args()
    make_python_client(yaml.safe_load(DOCUMENT.read_text()), options.into.resolve())
    if not options.python_only:
        make_collection(options.into.resolve())


if __name__ == "__main__":
    main()
