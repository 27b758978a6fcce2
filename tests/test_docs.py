"""What the documentation names exists, and what exists is documented."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
READ_BY = ("invoicedata/settings.py", "scripts/run.py")


def variables_read() -> set[str]:
    """The environment variables that the settings and the run script ask for."""
    source = "".join((ROOT / path).read_text() for path in READ_BY)
    kinds = "text|boolean|whole|whole_list|number|choice|words|secret"
    names = set(re.findall(rf'env\.(?:{kinds})\(\s*"([A-Z_]+)"', source))
    secrets = set(re.findall(r'env\.secret\(\s*"([A-Z_]+)"', source))
    return names | {f"{name}_FILE" for name in secrets} | set(re.findall(r'environ\.get\("([A-Z_]+)"', source))


def variables_documented() -> set[str]:
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \|", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    assert variables_read() == variables_documented()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text())
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_named_exist(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    built_in = {"migrate", "check", "spectacular", "createsuperuser", "shell", "collectstatic", "makemigrations"}
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= commands | built_in


def test_every_rule_of_a_finding_is_documented() -> None:
    code = "".join(
        (ROOT / "invoices" / name).read_text(encoding="utf-8")
        for name in ("validation.py", "history.py", "services/review.py")
    )
    rules = set(re.findall(r'Check\(\s*"([a-z_.]+)"', code)) | {"review.rejected"}
    documented = set(re.findall(r"^\| `([a-z_.]+)`", (ROOT / "docs" / "findings.md").read_text(encoding="utf-8"), re.M))
    assert len(rules) > 12 and rules <= documented
