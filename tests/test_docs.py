"""What the documentation names exists, and what exists is documented; the commands that it shows work."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from bench import sizing
from invoicedata.models import AccessToken
from invoicedata.tokens import issue_token
from invoices import tasks
from invoices.services import queue
from tests.documents import make_pdf
from tests.factories import make_mga

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ASKS_A_PERSON = ("createsuperuser",)
READ_BY = ("invoicedata/settings.py", "scripts/run.py")


def variables_read() -> set[str]:
    """The environment variables that the settings and the run script ask for."""
    source = "".join((ROOT / path).read_text() for path in READ_BY)
    kinds = "text|boolean|whole|whole_list|number|choice|words|secret|confidential"
    names = set(re.findall(rf'env\.(?:{kinds})\(\s*"([A-Z_]+)"', source))
    secrets = set(re.findall(r'env\.(?:secret|confidential)\(\s*"([A-Z_]+)"', source))
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


def shown(start: str) -> list[str]:
    """The commands of the documentation that begin like this, each once, without the comments behind them."""
    text = "\n".join(document.read_text().replace("\\\n", " ") for document in DOCUMENTS)
    lines = re.findall(rf"^ +{re.escape(start)}(.+)$", text, re.MULTILINE)
    return sorted({re.sub(r"\s+#.*", "", line).strip() for line in lines})


def python_blocks(document: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


COMMANDS = [line for line in shown(".venv/bin/python manage.py ") if not line.startswith(ASKS_A_PERSON)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Path:
    """A folder as the commands find it: with files to send, a tenant, a token, somebody of the staff."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    for name in ("incoming", "scans", "mail"):
        (tmp_path / name).mkdir()
    (tmp_path / "scans" / "a.pdf").write_bytes(make_pdf())
    (tmp_path / "mail" / "b.pdf").write_bytes(make_pdf(size=61_000))
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_documentation_works(place: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not command.startswith("create_mga"):
        make_mga("acme")
        issue_token(make_mga("demo"))
        User.objects.create_user("ada")
        command = command.replace("TOKEN_OR_ID", str(AccessToken.objects.get().pk)).replace("USERNAME", "ada")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    call_command(*shlex.split(command))


def test_the_requests_of_the_documentation_are_good_ones(
    transactional_db: None,
    live_server: LiveServer,
    place: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those in the shell, and the programs in Python."""
    settings.OCR_ENGINE = "tesseract"
    settings.WEBHOOK_PRIVATE_HOSTS = ["claims.example.com"]  # there is no such host to look up
    monkeypatch.setattr(queue, "nudge_job", tasks.run_job)
    mga = make_mga("demo")
    call_command("import_pims", str(ROOT / "tests" / "data" / "vet-invoice.pims.json"), mga=mga.pk)
    requests = [line.replace("http://127.0.0.1:8000", live_server.url) for line in shown("curl ")]
    token = issue_token(mga)
    environment = os.environ | {"TOKEN": token}
    for request in requests:
        command = f"curl --silent --max-time 60 --output /dev/null --write-out '%{{http_code}}' {request}"
        told = subprocess.run(["bash", "-c", command], env=environment, check=True, capture_output=True, text=True)
        assert told.stdout.startswith("2"), f"{told.stdout}: {request}"
    assert len(requests) > 4
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "examples"))
    programs = [block for name in ("api.md", "clients.md") for block in python_blocks(ROOT / "docs" / name)]
    for program in programs:
        exec(program.replace("http://127.0.0.1:8000", live_server.url), {"token": token, "TOKEN": token})
    assert "PIMS 558.3 True" in capsys.readouterr().out and len(programs) == 3


def test_the_sizing_table_is_what_the_model_computes_from_the_measured_figures() -> None:
    figures = sizing.Figures(**json.loads(sizing.FIGURES.read_text(encoding="utf-8")))
    assert sizing.table(figures) in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
