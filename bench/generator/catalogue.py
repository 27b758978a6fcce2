"""What documents are made of, read from data/*.toml and layouts/*.html."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
LAYOUTS = FOLDER / "layouts"
KINDS = ("invoice", "credit_note", "delivery_note", "receipt", "statement", "other")
HALVES = ("dev", "blind")
FEATURES = (
    *("allowance", "balance", "dated", "delivery_date", "delivery_note", "deposits", "discount", "due", "fine_prices"),
    *("free", "groups", "notes", "order", "payments", "previous", "settled", "venue"),
)
"""What a layout may have a place for."""


@dataclass(frozen=True, slots=True)
class Place:
    street: str
    city: str
    state: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    language: str
    locale: str
    currency: str
    symbols: Sequence[str]
    money: Sequence[str]
    dates: Sequence[str]
    papers: Sequence[str]
    phone: Sequence[str]
    tax: Mapping[str, Decimal]
    tax_name: Sequence[str]
    tax_id: Sequence[str]
    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class Goods:
    description: str
    price: Decimal
    unit: str
    tax_class: str
    group: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A page's look. `template` is its HTML; the other fields are what its heading says, see docs/reading.md."""

    name: str
    half: str
    kinds: Sequence[str]
    trades: Sequence[str]
    countries: Sequence[str]
    template: str
    papers: Sequence[str] = ()
    fonts: Sequence[str] = ("Liberation Sans", "Carlito", "DejaVu Sans", "Liberation Serif", "Open Sans")
    columns: Sequence[Sequence[str]] = (("description", "quantity", "unitPrice", "total"),)
    basis: Sequence[str] = ("net",)
    lines: Sequence[int] = (2, 12)
    symbols: Sequence[str] = ("totals", "all", "none")
    credits: Sequence[str] = ("-{n}",)
    dates: Sequence[str] = ()
    numbers: Sequence[str] = ()
    has: frozenset[str] = frozenset()
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weight: float = 1.0


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / "data" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def countries() -> Mapping[str, Country]:
    found = {}
    for code, row in _load("countries").items():
        tax = {name: Decimal(str(rate)) for name, rate in row.pop("tax").items()}
        places = [Place(*(part.strip() for part in text.split("|"))) for text in row.pop("places")]
        found[code] = Country(code=code, tax=tax, places=places, **row)
    return found


@cache
def names() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return _load("names")


@cache
def labels() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return _load("labels")


def words_of(country: Country, key: str) -> Sequence[str]:
    """What papers of a country call something: its own words, else its language's."""
    own, common = labels().get(country.code, {}), labels()[country.language]
    return own[key] if key in own else common.get(key, ())


@cache
def goods() -> Mapping[str, Mapping[str, Sequence[Goods]]]:
    return {
        language: {trade: [_goods(text) for text in rows] for trade, rows in trades.items()}
        for language, trades in _load("goods").items()
    }


def _goods(text: str) -> Goods:
    description, price, unit, tax_class, group = (part.strip() for part in text.split("|"))
    return Goods(description, Decimal(price), unit, tax_class, group)


@cache
def layouts() -> Mapping[str, Layout]:
    """All layouts by name. Raises ValueError where a heading is wrong."""
    return {path.stem: read_layout(path) for path in sorted(LAYOUTS.glob("*.html"))}


def read_layout(path: Path) -> Layout:
    text = path.read_text(encoding="utf-8")
    heading, end, template = text.removeprefix("{#").partition("#}")
    if not end or not text.startswith("{#"):
        raise ValueError(f"{path}: a layout begins with its heading, {{# TOML #}}")
    try:
        row = tomllib.loads(heading)
        row["has"] = frozenset(row.get("has", ()))
        layout = Layout(name=path.stem, template=template, **row)
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    if layout.half not in HALVES or not set(layout.kinds) <= set(KINDS):
        raise ValueError(f"{path}: half is one of {HALVES}, kinds are of {KINDS}")
    if unknown := set(layout.has) - set(FEATURES):
        raise ValueError(f"{path}: `has` names what there is not: {', '.join(sorted(unknown))}")
    if unknown := set(layout.countries) - set(countries()):
        raise ValueError(f"{path}: no such countries: {', '.join(sorted(unknown))}")
    return layout
