"""Profiles: the interface of a practice system described as data, for the connector `rest_profile`.

A profile says where to ask and, in JMESPath, where in the answers the canonical values stand. JMESPath has no
arithmetic, calls nothing and ends always, so a profile can be plausible and wrong, but not dangerous: that is why
`verify` is mandatory and why a profile is tried on a sample before it is used.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError

from pims import values
from pims.errors import PimsConfigError, PimsProtocolError, RecordError
from pims.types import PimsInvoice, from_json

Converter = Literal["text", "amount", "cents", "quantity", "day", "words"]
HEADER = (
    "invoiceNumber",
    "invoiceDate",
    "dueDate",
    "currency",
    "subtotal",
    "taxTotal",
    "total",
    "balanceDue",
    "status",
    "sourceId",
    *(f"practice.{name}" for name in ("id", "name", "address", "phone", "email")),
    *(f"customer.{name}" for name in ("id", "name", "address", "phone", "email")),
)
LINE = ("description", "quantity", "unitPrice", "totalPrice", "taxAmount", "category", "sourceId")
PAYMENT = ("date", "amount", "method", "status", "sourceId")
REQUIRED = ("invoiceNumber", "invoiceDate", "total", "customer.id")
LONGEST_PATH = 500  # characters
AMOUNTS = ("subtotal", "taxTotal", "total", "balanceDue", "unitPrice", "totalPrice", "taxAmount", "amount")
DEFAULT_CONVERTERS: Mapping[str, Converter] = {
    **dict.fromkeys(AMOUNTS, "amount"),
    **dict.fromkeys(("invoiceDate", "dueDate", "date"), "day"),
    "quantity": "quantity",
}
# What each step's templates may name.
GIVEN: Mapping[str, frozenset[str]] = {
    "find": frozenset({"number"}),
    "detail": frozenset({"number", "id"}),
    "lines": frozenset({"number", "id"}),
    "payments": frozenset({"number", "id"}),
    "customer": frozenset({"number", "id", "customer"}),
    "alike": frozenset({"customer", "date", "next_day"}),
}


class Mapped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value stands and what it is. map: from the system's words to ours, such as {"settled": "PAID"}."""

    path: str
    as_: Converter | None = msgspec.field(default=None, name="as")
    map: dict[str, str] = {}


class Paginate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a list goes on. page: counted pages; offset: counted records; next: a link in the answer (`link`)."""

    kind: Literal["page", "offset", "next"]
    param: str = "page"
    size_param: str = ""
    size: int = 100
    first: int = 1
    link: str = ""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question. path, query and body take {number}, {id}, {customer}, {date} and {next_day}; select: the records (a
    list, or one) in the answer."""

    path: str
    method: Literal["GET", "POST"] = "GET"
    query: dict[str, str] = {}
    body: dict[str, str] = {}
    select: str = "@"
    paginate: Paginate | None = None


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to sign in. header: the name of the one that takes the key. extra: further values for the token address."""

    kind: Literal["none", "header", "bearer", "basic", "oauth2"] = "none"
    header: str = "X-Api-Key"
    token_url: str = ""
    scope: str = ""
    in_body: bool = False
    extra: dict[str, str] = {}


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A practice system's interface. Paths of `fields` look into {"invoice": …, "customer": …}, those of `line` and
    `payment` into one record of their lists. lines_in, payments_in: lists within the invoice, where no step asks for
    them. verify: what must equal the number that was asked for, in each record of `find`."""

    version: Literal[1]
    find: Step
    verify: str
    fields: dict[str, str | Mapped]
    line: dict[str, str | Mapped]
    auth: Auth = Auth()
    rate_per_minute: int = 60
    detail: Step | None = None
    lines: Step | None = None
    payments: Step | None = None
    customer: Step | None = None
    alike: Step | None = None
    lines_in: str = ""
    payments_in: str = ""
    payment: dict[str, str | Mapped] = {}
    tax_basis: Literal["inclusive", "exclusive"] = "inclusive"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the steps answered: the invoice (of `detail`, else of `find`), and the records beside it."""

    invoice: Any
    customer: Any = None
    lines: Sequence[Any] | None = None
    payments: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One mapped value of a dry run. problem: why it has none; blank where it may have none."""

    name: str
    path: str
    value: str
    problem: str = ""


def load_profile(text: str | Mapping[str, Any]) -> Profile:
    """Raises PimsConfigError, naming what does not fit."""
    try:
        found = json.loads(text) if isinstance(text, str) else text
        profile = msgspec.convert(found, Profile)
    except ValueError as error:
        raise PimsConfigError(f"The profile is not right: {error}") from None
    for kind, names, mapping in (
        ("fields", HEADER, profile.fields),
        ("line", LINE, profile.line),
        ("payment", PAYMENT, profile.payment),
    ):
        if unknown := set(mapping) - set(names):
            known = ", ".join(names)
            raise PimsConfigError(f"The profile's {kind} has {', '.join(sorted(unknown))}; there are: {known}.")
    if missing := [name for name in REQUIRED if name not in profile.fields]:
        raise PimsConfigError(f"The profile's fields must have {', '.join(missing)}.")
    if missing := [name for name in ("description", "totalPrice") if name not in profile.line]:
        raise PimsConfigError(f"The profile's line must have {', '.join(missing)}.")
    if not profile.verify:
        raise PimsConfigError("The profile must say in verify where the number stands that was asked for.")
    for path in _paths(profile):
        compiled(path)
    for name, allowed in GIVEN.items():
        if (step := getattr(profile, name)) is not None:
            _check_templates(name, step, allowed)
    return profile


def _check_templates(name: str, step: Step, known: frozenset[str]) -> None:
    for template in (step.path, *step.query.values(), *step.body.values()):
        for place in re.findall(r"\{[^{}]*\}|[{}]", template):
            if place.strip("{}") not in known or len(place) < 3:
                told = ", ".join(f"{{{one}}}" for one in sorted(known))
                raise PimsConfigError(f"The profile's {name} has {place}; there are: {told}.")


def _paths(profile: Profile) -> Iterator[str]:
    yield from (profile.verify, profile.lines_in or "@", profile.payments_in or "@")
    for name in GIVEN:
        if (step := getattr(profile, name)) is not None:
            yield step.select
            if step.paginate is not None and step.paginate.link:
                yield step.paginate.link
    for mapping in (profile.fields, profile.line, profile.payment):
        yield from (_mapped(entry).path for entry in mapping.values())


@cache
def compiled(path: str) -> Any:
    """Raises PimsConfigError for what is no JMESPath expression."""
    try:
        if len(path) > LONGEST_PATH:
            raise PimsConfigError(f"The path {path[:40]!r}… is too long.")
        return jmespath.compile(path)
    except JMESPathError as error:
        raise PimsConfigError(f"{path!r} is no JMESPath expression: {str(error).splitlines()[0]}") from None


def look(path: str, inside: Any) -> Any:
    """What stands there; None where nothing does, or the expression does not fit what is there."""
    try:
        return compiled(path).search(inside)
    except JMESPathError:
        return None


def records_in(path: str, answer: Any) -> list[Any]:
    """The records of a list, or the one record."""
    found = look(path, answer)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


# --- From answers to the canonical invoice --------------------------------------------------------------------------


def read_invoice(profile: Profile, answers: Answers, zone: ZoneInfo, currency: str | None) -> PimsInvoice:
    """Raises PimsProtocolError, naming the value that does not fit."""
    inside = {"invoice": answers.invoice, "customer": answers.customer}
    record: dict[str, Any] = {"practice": {}, "customer": {}, "meta": {"taxBasis": profile.tax_basis}}
    for name, entry in profile.fields.items():
        value = convert(name, _mapped(entry), inside, zone, currency)
        group, _, inner = name.partition(".")
        if inner:
            record[group][inner] = value
        elif name == "sourceId":
            record["meta"][name] = value
        else:
            record[name] = value
    record["currency"] = record.get("currency") or currency
    record["lineItems"] = [
        {name: convert(name, _mapped(entry), line, zone, currency) for name, entry in profile.line.items()}
        for line in lines_of(profile, answers)
    ]
    payments = payments_of(profile, answers)
    record["payments"] = payments and [
        {name: convert(name, _mapped(entry), payment, zone, currency) for name, entry in profile.payment.items()}
        for payment in payments
    ]
    try:
        return from_json(record)
    except RecordError as error:
        raise PimsProtocolError("invoice", f"{error}. Check the profile's paths.") from None


def lines_of(profile: Profile, answers: Answers) -> list[Any]:
    if answers.lines is not None:
        return list(answers.lines)
    return records_in(profile.lines_in, answers.invoice) if profile.lines_in else []


def payments_of(profile: Profile, answers: Answers) -> list[Any] | None:
    """None where the profile does not tell of payments."""
    if answers.payments is not None:
        return list(answers.payments)
    return records_in(profile.payments_in, answers.invoice) if profile.payments_in else None


def convert(name: str, entry: Mapped, inside: Any, zone: ZoneInfo, currency: str | None) -> str | None:
    """The value as canonical JSON has it. Raises PimsProtocolError for what is no such value."""
    found = look(entry.path, inside)
    kind = entry.as_ or DEFAULT_CONVERTERS.get(name, "text")
    try:
        value = _cast(kind, found, zone, currency)
    except (ValueError, ArithmeticError):
        raise PimsProtocolError(name, f"the value at {entry.path!r} is no {kind}.") from None
    if entry.map and value is not None:
        return entry.map.get(value)
    return value


def _cast(kind: Converter, found: Any, zone: ZoneInfo, currency: str | None) -> str | None:
    value: Decimal | date | datetime | str | None
    match kind:
        case "amount":
            value = values.price(found, currency)
        case "cents":
            value = values.cents(found, currency)
        case "quantity":
            value = values.quantity(found)
        case "day":
            value = values.day(found, zone)
        case "words":
            value = values.joined(*(found if isinstance(found, list) else [found]), by=" ")
        case _:
            value = values.text(found)
    if value is None:
        return None
    return format(value, "f") if isinstance(value, Decimal) else value if isinstance(value, str) else value.isoformat()


def _mapped(entry: str | Mapped) -> Mapped:
    return Mapped(entry) if isinstance(entry, str) else entry


# --- The dry run ----------------------------------------------------------------------------------------------------


def try_profile(
    profile: Profile, sample: Mapping[str, Any], zone: ZoneInfo, currency: str | None
) -> tuple[list[Shown], PimsInvoice | None]:
    """(each mapped value beside its path, the invoice that comes of it).

    sample: an answer of each step by the step's name; without names it is the answer of `find`. The invoice is None
    where number, day, total, customer or lines are missing, or the record cannot be verified.
    """
    answers = sampled(profile, sample)
    if answers is None:
        return [Shown("find", profile.find.select, "", "No record stands there.")], None
    inside = {"invoice": answers.invoice, "customer": answers.customer}
    shown = [_show("verify", Mapped(profile.verify), answers.invoice, zone, currency, is_needed=True)]
    for name, entry in profile.fields.items():
        shown.append(_show(name, _mapped(entry), inside, zone, currency, is_needed=name in REQUIRED))
    lines = lines_of(profile, answers)
    if not lines:
        shown.append(Shown("lines", profile.lines_in or "lines", "", "No line stands there."))
    for name, entry in profile.line.items() if lines else ():
        needed = name in ("description", "totalPrice")
        shown.append(_show(f"line 1: {name}", _mapped(entry), lines[0], zone, currency, is_needed=needed))
    for name, entry in profile.payment.items() if payments_of(profile, answers) else ():
        first = (payments_of(profile, answers) or [None])[0]
        shown.append(_show(f"payment 1: {name}", _mapped(entry), first, zone, currency, is_needed=name == "amount"))
    if any(row.problem for row in shown):
        return shown, None
    try:
        return shown, read_invoice(profile, answers, zone, currency)
    except PimsProtocolError as error:
        return [*shown, Shown("invoice", "", "", str(error))], None


def sampled(profile: Profile, sample: Mapping[str, Any]) -> Answers | None:
    names = {"find", "detail", "lines", "payments", "customer"}
    parts = sample if isinstance(sample, Mapping) and "find" in sample and set(sample) <= names else {"find": sample}
    found = records_in(profile.find.select, parts["find"])
    if not found:
        return None

    def part(name: str, step: Step | None) -> list[Any] | None:
        return records_in(step.select, parts[name]) if step is not None and name in parts else None

    detail, customer = part("detail", profile.detail), part("customer", profile.customer)
    return Answers(
        detail[0] if detail else found[0],
        customer[0] if customer else None,
        part("lines", profile.lines),
        part("payments", profile.payments),
    )


def _show(name: str, entry: Mapped, inside: Any, zone: ZoneInfo, currency: str | None, *, is_needed: bool) -> Shown:
    field = name.rpartition(": ")[2]
    try:
        value = convert(field, entry, inside, zone, currency)
    except PimsProtocolError as error:
        return Shown(name, entry.path, "", str(error))
    problem = "Nothing stands there, and it is needed." if value is None and is_needed else ""
    return Shown(name, entry.path, value or "", problem)


# --- An example to start from ---------------------------------------------------------------------------------------

EXAMPLE: Mapping[str, Any] = {
    "version": 1,
    "auth": {"kind": "bearer"},
    "rate_per_minute": 60,
    "find": {"path": "invoices", "query": {"number": "{number}"}, "select": "data"},
    "lines": {"path": "invoices/{id}/lines", "select": "data"},
    "verify": "number",
    "fields": {
        "invoiceNumber": "invoice.number",
        "invoiceDate": "invoice.issued_at",
        "dueDate": "invoice.due_at",
        "currency": "invoice.currency",
        "total": {"path": "invoice.total_cents", "as": "cents"},
        "balanceDue": {"path": "invoice.due_cents", "as": "cents"},
        "status": {"path": "invoice.state", "map": {"settled": "PAID", "void": "VOID"}},
        "sourceId": "invoice.id",
        "practice.name": "invoice.clinic.name",
        "customer.id": "invoice.client.id",
        "customer.name": {"path": "[invoice.client.first, invoice.client.last]", "as": "words"},
    },
    "line": {"description": "text", "quantity": "qty", "totalPrice": {"path": "total_cents", "as": "cents"}},
    "payments_in": "payments[?state=='done']",
    "payment": {"date": "paid_at", "amount": {"path": "amount_cents", "as": "cents"}, "method": "kind"},
}
EXAMPLE_SAMPLE: Mapping[str, Any] = {
    "find": {
        "data": [
            {
                "id": 77,
                "number": "V-2041",
                "issued_at": "2026-03-04T10:15:00+01:00",
                "due_at": "2026-03-18",
                "currency": "EUR",
                "total_cents": 12050,
                "due_cents": 2050,
                "state": "sent",
                "clinic": {"name": "Sample Vets"},
                "client": {"id": 501, "first": "Ida", "last": "Sample"},
                "payments": [{"paid_at": "2026-03-04", "amount_cents": 10000, "kind": "card", "state": "done"}],
            }
        ]
    },
    "lines": {
        "data": [
            {"text": "Consultation", "qty": 1, "total_cents": 6050},
            {"text": "Vaccination", "qty": "2", "total_cents": 6000},
        ]
    },
}
