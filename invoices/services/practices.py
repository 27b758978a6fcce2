"""Which practice (or other supplier) a document is from: a known one, or a new one that nobody has vouched for yet."""

import re

from django.db.models import Q

from invoicedata.models import Mga
from invoices.models import Practice
from ocr import Field

FIELDS = {
    "phone": "supplier_phone",
    "email": "supplier_email",
    "street": "supplier_street",
    "city": "supplier_city",
    "state": "supplier_state",
    "postcode": "supplier_postcode",
}


def name_key(name: str) -> str:
    """Letters and digits, folded: two spellings of one name have the same key."""
    return re.sub(r"[\W_]+", "", name.casefold())[:200]


def resolve_practice(mga: Mga, fields: dict[str, Field]) -> Practice | None:
    """The practice that the read values name; made, unverified, where none is known. None without a name."""
    name = str(fields["supplier_name"].value)[:200] if "supplier_name" in fields else ""
    values = {column: str(fields[field].value) if field in fields else "" for column, field in FIELDS.items()}
    known = find_practice(mga, name, values)
    if known is not None or not name_key(name):
        return known
    limits = {column.name: column.max_length for column in Practice._meta.fields}
    cut = {column: value[: limits[column]] for column, value in values.items()}
    practice, _ = Practice.objects.get_or_create(
        mga=mga, name_key=name_key(name), postcode=cut.pop("postcode"), defaults={"name": name, **cut}
    )
    return practice


def find_practice(mga: Mga, name: str, values: dict[str, str]) -> Practice | None:
    """By name and postcode, else by e-mail or telephone where only one practice has it, else by name alone."""
    candidates = Q(name_key=name_key(name)) if name_key(name) else Q(pk=None)
    if values["email"]:
        candidates |= Q(email__iexact=values["email"])
    if values["phone"]:
        candidates |= Q(phone=values["phone"])
    found = list(Practice.objects.for_mga(mga).filter(candidates).order_by("-verified", "created_at", "id"))
    for test in (
        lambda p: p.name_key == name_key(name) and p.postcode == values["postcode"],
        lambda p: bool(values["email"]) and p.email.casefold() == values["email"].casefold(),
        lambda p: bool(values["phone"]) and p.phone == values["phone"],
        lambda p: p.name_key == name_key(name) and (not p.postcode or not values["postcode"]),
    ):
        matching = [practice for practice in found if test(practice)]
        if matching:
            return matching[0]
    return None
