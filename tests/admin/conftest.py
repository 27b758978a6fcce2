import pytest

import ocr
from tests.invoices.api.conftest import Reader


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    fixed = Reader()
    monkeypatch.setattr(ocr, "read", fixed)
    return fixed
