"""Words that documents are read by, kept as data: one TOML file a topic or language, extended without code."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def load_table(name: str) -> dict[str, Any]:
    """The table of `name`.toml in this folder."""
    with (FOLDER / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)
