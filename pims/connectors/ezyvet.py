"""ezyVet (REST, IDEXX).

The printed number is taken to be the invoice's `code`, and filtering by it is not documented: every answer is verified,
and a filter that was ignored is replaced by a search around the invoice's day. Days are moments in UTC, so they are
told in the practice's time zone. The header has no total: it is reconciled from the lines, whose tax basis is judged by
their own tax.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from pims.connectors.base import (
    Access,
    Candidate,
    Found,
    Hints,
    InvoiceRef,
    Options,
    Secrets,
    Trial,
    attempt,
    settings_of,
)
from pims.errors import PimsError, PimsMissing, PimsPermissionError, PimsProtocolError
from pims.http import EPOCH_FROM, Http, Limits, Rate, Token
from pims.types import (
    Customer,
    InvoiceStatus,
    Line,
    Origin,
    Patient,
    Payment,
    PaymentStatus,
    PimsInvoice,
    Practice,
    complete,
)
from pims.values import Record, flag, joined, smallest_unit, text

PERMISSIONS = {
    "invoice": "read-invoice",
    "invoiceline": "read-invoiceline",
    "payment": "read-payment",
    "paymentmethod": "read-paymentmethod",
    "contact": "read-contact",
    "contactdetail": "read-contactdetail",
    "address": "read-address",
    "separation": "read-separation",
    "product": "read-product",
    "productgroup": "read-productgroup",
}
NEEDED = ("invoice", "payment")
LIMITS = Limits(total=Rate(180, 60), each=Rate(60, 60))
LONGEST_TOKEN = timedelta(hours=12)
PAGE_SIZE, MOST_PAGES = 200, 5
WINDOW = timedelta(days=3)  # around the printed day, where the number cannot be filtered by
PAID_BEFORE = timedelta(days=7)  # payments may be older than their invoice
DAY_SECONDS, HOUR_SECONDS = 86_400, 3600
EMAIL_TYPE, PHONE_TYPES = "1", ("3", "4")
TAX_TOLERANCE = Decimal("0.02")
ZERO = Decimal(0)
APPROVAL_KEYS = ("approved_at", "is_approved")
EXCLUSIVE, INCLUSIVE = "exclusive", "inclusive"


class EzyvetOptions(Options, frozen=True):
    base_url: str = "https://api.ezyvet.com"
    token_url: str = ""
    """Blank: the base address with /v1/oauth/access_token."""
    site_uid: str = ""
    scope: str = ",".join(PERMISSIONS.values())
    ownership_id: str = ""
    """The division, where one set of credentials serves several."""
    number_is_id: bool = False
    """The printed number is the record's id."""
    includes_tax_default: Literal["exclusive", "inclusive"] = "exclusive"


class EzyvetSecrets(Secrets, frozen=True):
    partner_id: str
    client_id: str
    client_secret: str


class EzyvetConnector:
    label = "ezyVet"
    Options = EzyvetOptions
    Secrets = EzyvetSecrets

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site
        self._options = settings_of(EzyvetOptions, access.options)
        self._secrets = settings_of(EzyvetSecrets, access.secrets)
        base = self._options.base_url.rstrip("/")
        self._token_url = self._options.token_url or f"{base}/v1/oauth/access_token"
        self._http = Http(f"{base}/v1", access.transport, limits=LIMITS, fetch_token=self._fetch_token)

    def close(self) -> None:
        self._http.close()

    def search(self, ref: InvoiceRef) -> Found:
        records = self._list("invoice", self._owned({"code": _any_of(ref.spellings)}), limit=10, pages=1)
        matching = [record for record in records if ref.matches(text(record.get("code")))]
        warnings: tuple[str, ...] = ()
        if len(matching) < len(records):  # the filter was not heeded
            matching, warnings = self._search_by_day(ref)
        if not matching and self._options.number_is_id and ref.number.strip().isdigit():
            records = self._list("invoice", self._owned({"id": ref.number.strip()}), limit=10, pages=1)
            matching = [record for record in records if text(record.get("id")) == ref.number.strip()]
            return Found(tuple(self._candidate(record, "id") for record in matching), warnings)
        return Found(tuple(self._candidate(record, "code") for record in matching), warnings)

    def fetch(self, candidate: Candidate) -> PimsInvoice:
        values = candidate.source
        if "line_item" not in values:
            params = {"invoice_id": candidate.source_id}
            own = self._list("invoiceline", params)
            values = values | {"line_item": [v for v in own if text(v.get("invoice_id")) == candidate.source_id]}
        invoice = read_invoice(values, self._access)
        warnings = list(invoice.warnings)
        lines = self._with_categories(invoice.lines, values["line_item"], warnings)
        invoice = replace(
            invoice,
            payments=self._payments(candidate, invoice.invoice_date, warnings),
            customer=self._customer(candidate.customer_id, warnings),
            practice=self._practice(text(values.get("ownership_id")), warnings),
            lines=lines,
            warnings=tuple(warnings),
            origin=replace(invoice.origin, matched_on=candidate.matched_on, fetched_at=self._access.now()),
        )
        return complete(invoice, self._access.today())

    def check(self) -> Iterator[Trial]:
        yield attempt("Sign in and read invoices", lambda: self._get("invoice", {"limit": 1}))
        for resource in PERMISSIONS:
            if resource not in ("invoice", "paymentmethod"):
                yield attempt(
                    f"Read {resource}", lambda r=resource: self._get(r, {"limit": 1}), is_needed=resource in NEEDED
                )
        yield attempt("Read paymentmethod", self._read_methods, is_needed=False)

    # --- calls --------------------------------------------------------------------------------------------------------

    def _fetch_token(self) -> Token:
        options, secrets = self._options, self._secrets
        data = {
            "partner_id": secrets.partner_id,
            "client_id": secrets.client_id,
            "client_secret": secrets.client_secret,
            "grant_type": "client_credentials",
            "scope": options.scope,
        } | ({"site_uid": options.site_uid} if options.site_uid else {})
        answer = self._http.post_credentials(self._token_url, data)
        if not isinstance(answer.get("access_token"), str):
            raise PimsProtocolError("token.access_token", "the value is missing.", map(str, answer))
        return Token(answer["access_token"], self._token_end(answer.get("expires_in")))

    def _token_end(self, value: Any) -> datetime:
        """Seconds from now, or a moment: the documentation says one and shows the other."""
        now = self._access.now()
        told = text(value) or ""
        seconds = int(told) if told.isdigit() else int(LONGEST_TOKEN.total_seconds())
        end = datetime.fromtimestamp(seconds, UTC) if seconds > EPOCH_FROM else now + timedelta(seconds=seconds)
        return min(end, now + LONGEST_TOKEN)

    def _get(self, resource: str, params: dict[str, Any]) -> dict[str, Any]:
        answer = self._http.get(resource, params, permission=PERMISSIONS.get(resource, resource))
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            keys = answer if isinstance(answer, dict) else ()
            raise PimsProtocolError(resource, "the list has no items.", keys)
        if any(isinstance(m, dict) and m.get("level") == "error" for m in answer.get("messages") or ()):
            raise PimsProtocolError(resource, "the call was answered with an error message.")
        return answer

    def _list(
        self, resource: str, params: dict[str, Any], *, limit: int = PAGE_SIZE, pages: int = MOST_PAGES
    ) -> list[dict[str, Any]]:
        """The records of up to `pages` pages, unwrapped."""
        found: list[dict[str, Any]] = []
        for page in range(1, pages + 1):
            answer = self._get(resource, params | {"limit": limit} | ({"page": page} if page > 1 else {}))
            found += [_unwrap(item, resource) for item in answer["items"]]
            meta = answer.get("meta") or {}
            if page >= int(text(meta.get("items_page_total")) or 1) or not answer["items"]:
                break
        return found

    def _owned(self, params: dict[str, Any]) -> dict[str, Any]:
        return params | ({"ownership_id": self._options.ownership_id} if self._options.ownership_id else {})

    def search_alike(self, hints: Hints, customer_ids: Collection[str]) -> Found:
        if hints.issue_date is None:
            return Found()
        records = self._list_days(hints.issue_date, timedelta())
        theirs = [record for record in records if text(record.get("contact_id")) in customer_ids]
        return Found(tuple(self._candidate(record, "customer and day") for record in theirs))

    def _search_by_day(self, ref: InvoiceRef) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        if ref.hints.issue_date is None:
            return [], ("number_filter_unsupported",)
        records = self._list_days(ref.hints.issue_date, WINDOW)
        return [record for record in records if ref.matches(text(record.get("code")))], ()

    def _list_days(self, day: date, around: timedelta) -> list[dict[str, Any]]:
        """Invoices of the day and of `around` before and after it."""
        start = datetime.combine(day, datetime.min.time(), self._site.time_zone)
        first, last = (round((start + shift).timestamp()) for shift in (-around, around + timedelta(days=1)))
        return self._list("invoice", self._owned({"date": json.dumps({"gte": first, "lte": last})}))

    def _candidate(self, values: dict[str, Any], matched_on: str) -> Candidate:
        if self._options.ownership_id and text(values.get("ownership_id")) not in (None, self._options.ownership_id):
            raise PimsProtocolError("invoice.ownership_id", "an invoice of another division was returned.")
        invoice = read_invoice(values, self._access)
        return Candidate(
            number=invoice.invoice_number,
            source_id=invoice.source_id or "",
            customer_id=text(values.get("contact_id")),
            invoice_date=invoice.invoice_date,
            total=invoice.total if values.get("line_item") else None,
            matched_on=matched_on,
            source=values,
        )

    def _payments(self, candidate: Candidate, issued: date, warnings: list[str]) -> tuple[Payment, ...] | None:
        since = datetime.combine(issued - PAID_BEFORE, datetime.min.time(), UTC)
        params: dict[str, Any] = {"date": json.dumps({"gte": round(since.timestamp())})}
        if candidate.customer_id:
            params["client_id"] = candidate.customer_id
        try:
            records = self._list("payment", params)
        except PimsPermissionError:
            warnings.append("payments_unavailable")
            return None
        found = [
            self._payment(self._record("payment", values), self._record("payment.linked_invoices", link))
            for values in records
            for link in values.get("linked_invoices") or ()
            if text(link.get("id")) == candidate.source_id
        ]
        if not any(payment.method for payment in found):
            return tuple(found)
        methods = self._optional(
            lambda: self._remember("paymentmethods", self._read_methods), {}, warnings, "payment_methods_unavailable"
        )
        return tuple(replace(p, method=methods.get(p.method or "", p.method)) for p in found)

    def _payment(self, record: Record, link: Record) -> Payment:
        amount = link.require(link.money("allocated_amount"), "allocated_amount")
        status = PaymentStatus.REFUNDED if amount < 0 else PaymentStatus.COMPLETED
        return Payment(
            amount=amount,
            payment_date=record.day("date"),
            method=record.text("method"),
            status=status if record.flag("active", default=True) else PaymentStatus.CANCELLED,
            source_id=record.text("id"),
        )

    def _read_methods(self) -> dict[str, str]:
        try:
            records = self._list("paymentmethod", {})
        except PimsMissing:
            records = [item.get("paymentmethod", item) for item in self._list("paymentmethods", {})]
        return {text(v.get("id")) or "": text(v.get("name")) or "" for v in records}

    def _customer(self, contact_id: str | None, warnings: list[str]) -> Customer:
        if contact_id is None:
            return Customer()
        values = self._optional(
            lambda: self._remember(f"contact {contact_id}", lambda: self._read_customer(contact_id), HOUR_SECONDS),
            {"id": contact_id},
            warnings,
            "customer_unavailable",
        )
        return Customer(**values)

    def _read_customer(self, contact_id: str) -> dict[str, str | None]:
        values = self._one("contact", contact_id)
        person = joined(values.get("first_name"), values.get("last_name"), by=" ")
        business = text(values.get("business_name")) if flag(values.get("is_business")) else None
        found: dict[str, str | None] = {"id": contact_id, "name": business or person}
        gaps: list[str] = []  # an address or telephone number less is not worth a warning
        details = self._optional(
            lambda: self._list("contactdetail", {"contact_id": contact_id}), [], gaps, "contactdetail"
        )
        for value in details:
            if text(value.get("contact_id")) == contact_id and flag(value.get("active"), default=True):
                kind, written = text(value.get("contact_detail_type_id")), text(value.get("value")) or ""
                if kind == EMAIL_TYPE or "@" in written:
                    found.setdefault("email", written)
                elif kind in PHONE_TYPES or sum(c.isdigit() for c in written) >= 6:
                    found.setdefault("phone", written)
        address_id = text(values.get("address_physical")) or text(values.get("address_postal"))
        if address_id:
            found["address"] = self._optional(lambda: _address(self._one("address", address_id)), None, gaps, "address")
        return found

    def _practice(self, ownership_id: str | None, warnings: list[str]) -> Practice:
        name = self._site.practice_name
        if ownership_id:
            name = self._optional(
                lambda: self._remember(
                    f"separation {ownership_id}", lambda: text(self._one("separation", ownership_id).get("name"))
                ),
                name,
                warnings,
                "practice_unavailable",
            )
        return Practice(id=ownership_id, name=name)

    def _with_categories(self, lines: tuple[Line, ...], values: list[Any], warnings: list[str]) -> tuple[Line, ...]:
        products = {text(v.get("id")): text(v.get("product_id")) for v in values}
        wanted = sorted({product for product in products.values() if product})
        if not wanted:
            return lines
        groups = self._optional(lambda: self._read_groups(wanted), {}, warnings, "category_unavailable")
        return tuple(replace(line, category=groups.get(products.get(line.source_id) or "")) for line in lines)

    def _read_groups(self, product_ids: list[str]) -> dict[str, str | None]:
        """{product id: its group's name}."""

        def read() -> dict[str, str | None]:
            products = self._list("product", {"id": _any_of(product_ids)})
            group_of = {text(v.get("id")) or "": text(v.get("product_group_id")) for v in products}
            wanted = sorted({group for group in group_of.values() if group})
            names = {
                text(v.get("id")): text(v.get("name")) for v in self._list("productgroup", {"id": _any_of(wanted)})
            }
            return {product: names.get(group) for product, group in group_of.items()}

        return self._remember("groups " + ",".join(product_ids), read)

    def _one(self, resource: str, record_id: str) -> dict[str, Any]:
        for values in self._list(resource, {"id": record_id}, limit=10, pages=1):
            if text(values.get("id")) == record_id:
                return values
        raise PimsProtocolError(resource, "the record is not there.")

    def _remember(self, key: str, read: Any, seconds: int = DAY_SECONDS) -> Any:
        return self._access.transport.state.remember(key, seconds, read)

    def _optional(self, read: Any, default: Any, warnings: list[str], warning: str) -> Any:
        """What is nice to have: without it the invoice still stands."""
        try:
            return read()
        except PimsError:
            warnings.append(warning)
            return default

    def _record(self, where: str, values: Any) -> Record:
        return Record(where, values, self._site.time_zone, self._site.currency)


def read_invoice(values: dict[str, Any], access: Access) -> PimsInvoice:
    """An invoice record with its lines; payments, customer and practice are not in it."""
    site = access.site
    record = Record("invoice", values, site.time_zone, site.currency)
    lines = [
        Record(f"invoice.line_item[{i}]", line, site.time_zone, site.currency)
        for i, line in enumerate(values.get("line_item") or ())
        if flag(line.get("active"), default=True)
    ]
    warnings: list[str] = []
    number = record.text("code")
    if number is None:
        number = record.require(record.text("id"), "id")
        warnings.append("number_from_id")
    options = settings_of(EzyvetOptions, access.options)
    basis = tax_basis(lines, record, options.includes_tax_default)
    found = [read_line(line, basis, site.currency, warnings) for line in lines]
    total, has_fee = reconcile_total(record, lines, found, basis, warnings)
    if has_fee:
        found += [fee for line in lines if (fee := dispensing_fee(line)) is not None]
    subtotal = record.money("subtotal")
    tax = record.money("tax")
    if basis == INCLUSIVE and subtotal is not None and tax is not None and subtotal == total:
        subtotal = total - tax
    return PimsInvoice(
        invoice_number=number,
        invoice_date=record.require(record.day("date"), "date"),
        due_date=record.day("date_due"),
        currency=site.currency,
        subtotal=subtotal,
        tax_total=tax,
        total=total,
        status=read_status(record),
        patients=tuple(Patient(id=animal) for animal in [record.text("animal_id")] if animal),
        lines=tuple(found),
        source_id=record.require(record.text("id"), "id"),
        warnings=tuple(warnings),
        origin=Origin(connector="ezyvet", tax_basis=basis),
    )


def read_status(record: Record) -> InvoiceStatus:
    if not record.flag("active", default=True):
        return InvoiceStatus.VOID
    if any(key in record.values and record.values[key] in (None, 0, "0", "", False) for key in APPROVAL_KEYS):
        return InvoiceStatus.DRAFT
    return InvoiceStatus.UNKNOWN


def tax_basis(lines: list[Record], header: Record, default: str) -> str:
    """Whether line amounts are with tax, by the tax of the largest taxed line: header sums cannot tell."""
    taxed = [line for line in lines if (line.number("tax_percent") or ZERO) > 0 and line.number("total")]
    for line in sorted(taxed, key=lambda line: abs(line.number("total") or ZERO), reverse=True):
        share = (line.number("tax_percent") or ZERO) / 100
        total, tax = line.number("total") or ZERO, line.number("total_tax")
        if tax is None:
            continue
        is_exclusive = abs(total * share - tax) <= TAX_TOLERANCE
        is_inclusive = abs(total * share / (1 + share) - tax) <= TAX_TOLERANCE
        if is_exclusive != is_inclusive:
            return EXCLUSIVE if is_exclusive else INCLUSIVE
    told = header.text("includes_tax")
    return default if told is None else INCLUSIVE if flag(told) else EXCLUSIVE


def read_line(line: Record, basis: str, currency: str | None, warnings: list[str]) -> Line:
    total, tax = line.require(line.money("total"), "total"), line.money("total_tax")
    return Line(
        description=line.text("name") or "(no description)",
        quantity=line.quantity("quantity"),
        unit_price=unit_price(line, currency, warnings),
        total_price=total + (tax or ZERO) if basis == EXCLUSIVE else total,
        tax_amount=tax,
        source_id=line.text("id"),
    )


def unit_price(line: Record, currency: str | None, warnings: list[str]) -> Decimal | None:
    """The price for one, among the fields that may hold it: some integrations keep the whole line's price there."""
    number, total = line.number("quantity"), line.number("total")
    discount = line.number("discount") or ZERO
    tolerance = smallest_unit(currency)
    for name in ("price", "standard_price"):
        value = line.number(name)
        if None not in (value, number, total) and abs(value * number - discount - total) <= tolerance:  # type: ignore[operator]
            return line.price(name)
    price = line.number("price")
    if price is not None and number and total is not None and abs(price - discount - total) <= tolerance:
        warnings.append("unit_price_derived")
        return (total / number).quantize(tolerance)
    warnings.append("unit_price_uncertain")
    return line.price("standard_price", "price")


def reconcile_total(
    header: Record, lines: list[Record], found: list[Line], basis: str, warnings: list[str]
) -> tuple[Decimal, bool]:
    """(the invoice's total, whether it holds dispensing fees beside the lines)."""
    net = header.require(header.money("subtotal"), "subtotal")
    tax = header.money("tax") or ZERO
    gross = sum((line.total_price for line in found), ZERO)
    fees = sum((line.number("dispense") or ZERO for line in lines), ZERO)
    tolerance = Decimal("0.01") * max(len(found), 1)
    sums = [(gross, False)] + ([(gross + fees, True)] if fees else [])
    for expected, has_fee in sums if found else []:
        for total in (net + tax, net):
            if abs(total - expected) <= tolerance:
                if fees and not has_fee:
                    warnings.append("dispensing_fee_not_charged")
                return total, has_fee
    if found:
        warnings.append("totals_unreconciled")
    return (net + tax if basis == EXCLUSIVE else net), False


def dispensing_fee(line: Record) -> Line | None:
    fee = line.money("dispense")
    if not fee:
        return None
    return Line(f"Dispensing fee ({line.text('name')})", fee, Decimal(1), fee, source_id=f"{line.text('id')}-dispense")


def _any_of(values: list[str]) -> str:
    return json.dumps({"eq": values[0]} if len(values) == 1 else {"in": values})


def _unwrap(item: Any, resource: str) -> dict[str, Any]:
    record = item.get(resource, item) if isinstance(item, dict) else None
    if not isinstance(record, dict):
        raise PimsProtocolError(resource, "an item of the list is not a record.")
    return record


def _address(values: dict[str, Any]) -> str | None:
    town = joined(values.get("city"), values.get("post_code"), by=" ")
    names = ("street_1", "street_2", "suburb")
    return joined(*(values.get(name) for name in names), town, values.get("region"), values.get("state"))


CONNECTOR = EzyvetConnector
