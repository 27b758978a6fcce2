"""Vetspire (GraphQL).

Orders are found by their id where the interface offers that, else by reading the latest ones: which of an order's
numbers a client sees printed is not documented, so all three are compared. Amounts of orders and items are cents,
prices and payments are not. No order is skipped because a page fails: the page gets smaller, and then the lookup fails.
"""

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

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
from pims.errors import PimsAuthError, PimsPermissionError, PimsProtocolError, PimsRateLimited, PimsUnavailable
from pims.http import Http, Limits, Rate
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
from pims.values import Record, flag, joined, text

LIMITS = Limits(total=Rate(5, 1))
NUMBERS = ("invoiceReference", "historicalId", "id")
PAGE_SIZE, SMALLEST_PAGE = 100, 10
MOST_PAGES, MOST_PAYMENT_PAGES = 20, 10
BEFORE = timedelta(days=2)  # an order may have been changed before the day that is printed
DAY_SECONDS = 86_400
SUMMARY = "id historicalId invoiceReference invoiced invoicedAt datetime totalAfterTaxCents client { id name }"
ORDER = (
    "id historicalId invoiceReference status invoiced invoicedAt datetime posted isCredit locationId "
    "subtotalCents totalDiscountCents totalBeforeTaxCents totalAfterTaxCents paymentDueCents totalPaid "
    "client { id name givenName familyName businessName email phoneNumbers { value preferred } "
    "addresses { line1 line2 city state postalCode isPrimary } } "
    "patient { id } location { id name addressString phoneNumber email } "
    "items { id name quantity unitPrice productId totalBeforeTaxCents totalAfterTaxCents notRendered CATEGORY}"
)
CATEGORY = "product { productCategories { name } } "
PAYMENT = "id amount datetime methodType refundedAmount hasVoidPayment hasVoidedPayment orders { id }"


class VetspireOptions(Options, frozen=True):
    base_url: str = "https://api2.vetspire.com/graphql"
    location_ids: str = ""
    """Comma-separated; blank: all that the key may see."""
    scan_days: int = 45
    """How far back orders are read, where the invoice's day is not known."""
    body_as_form: bool = False
    itemise_payments: bool = True
    categories: bool = False
    """Ask for the categories of products too."""


class VetspireSecrets(Secrets, frozen=True):
    api_key: str


class _UnknownField(Exception):
    """The interface does not have what was asked for."""


class VetspireConnector:
    label = "Vetspire"
    Options = VetspireOptions
    Secrets = VetspireSecrets

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site
        self._options = settings_of(VetspireOptions, access.options)
        headers = {"Authorization": settings_of(VetspireSecrets, access.secrets).api_key}
        self._http = Http(self._options.base_url, access.transport, limits=LIMITS, headers=headers)
        self._order_fields = ORDER.replace("CATEGORY", CATEGORY if self._options.categories else "")

    def close(self) -> None:
        self._http.close()

    def search(self, ref: InvoiceRef) -> Found:
        for number in ref.spellings:
            if number.isdigit() and (order := self._order(number)) and (name := matched_on(order, ref)):
                return Found((self._candidate(order, name),))
        return self._scan(ref)

    def search_alike(self, hints: Hints, customer_ids: Collection[str]) -> Found:
        if hints.issue_date is None:
            return Found()
        candidates: list[Candidate] = []
        for order in self._walk("orders", SUMMARY, self._since(hints), MOST_PAGES):
            if order is None:
                return Found(tuple(candidates), ("scan_truncated",))
            if text((order.get("client") or {}).get("id")) in customer_ids and (name := printed_name(order)):
                candidates.append(self._candidate(order, name))
        return Found(tuple(candidates))

    def fetch(self, candidate: Candidate) -> PimsInvoice:
        values = candidate.source
        if "items" not in values:
            found = self._order(candidate.source_id)
            values = found or self._full_order(candidate)
        record = self._record("order", values)
        warnings = ["due_date_not_provided"]
        before, total = record.cents("totalBeforeTaxCents"), record.cents("totalAfterTaxCents")
        total = record.require(total, "totalAfterTaxCents")
        issued = record.require(record.day("invoicedAt", "datetime"), "invoicedAt")
        invoice = PimsInvoice(
            invoice_number=candidate.number,
            invoice_date=issued,
            currency=self._site.currency,
            subtotal=before,
            tax_total=None if before is None else total - before,
            total=total,
            balance_due=record.cents("paymentDueCents"),
            status=read_status(record),
            practice=read_practice(values, self._site.practice_name),
            customer=read_customer(values.get("client") or {}),
            patients=tuple(Patient(id=text(p.get("id"))) for p in [values.get("patient")] if p),
            lines=tuple(self._lines(values.get("items") or (), warnings)),
            payments=self._payments(candidate.source_id, issued, warnings),
            source_id=candidate.source_id,
            warnings=tuple(warnings),
            origin=Origin(
                connector="vetspire",
                matched_on=candidate.matched_on,
                fetched_at=self._access.now(),
                tax_basis="inclusive",
                raw_status=record.text("status"),
            ),
        )
        return complete(invoice, self._access.today())

    def check(self) -> Iterator[Trial]:
        now = self._access.now()
        yield attempt("Sign in and read orders", lambda: self._list("orders", SUMMARY, now - BEFORE, 1, 0))
        yield attempt("Read payments", lambda: self._list("payments", PAYMENT, now - BEFORE, 1, 0), is_needed=False)

    # --- calls --------------------------------------------------------------------------------------------------------

    def _ask(self, name: str, question: str, *, tries: int = 3) -> Any:
        """The value of the one root field `name`. Raises _UnknownField where the interface has no such field."""
        body = {"query": f"query {{ {name}{question} }}"}
        sent: dict[str, Any] = {"data": body} if self._options.body_as_form else {"json": body}
        answer = self._http.query(name, permission=name, tries=tries, **sent)
        if not isinstance(answer, dict):
            raise PimsProtocolError(name, "the answer is not an object.")
        if errors := answer.get("errors"):
            raise _error(name, errors)
        data = answer.get("data")
        if not isinstance(data, dict) or name not in data:
            raise PimsProtocolError(name, "the answer has no data.", map(str, answer))
        return data[name]

    def _order(self, order_id: str) -> dict[str, Any] | None:
        """The order by its id; None where there is none, or the interface offers no such question (remembered)."""
        found: list[Any] = []

        def try_it() -> bool:
            try:
                found.append(self._ask("order", f"(id: {json.dumps(order_id)}) {{ {self._order_fields} }}"))
            except _UnknownField:
                return False
            return True

        has_question = self._access.transport.state.remember("order by id", DAY_SECONDS, try_it)
        if has_question and not found:
            try_it()
        order = found[0] if found else None
        return order if isinstance(order, dict) and text(order.get("id")) == order_id else None

    def _list(
        self, name: str, fields: str, since: datetime, size: int, offset: int, *, tries: int = 3
    ) -> list[dict[str, Any]]:
        ids = [item.strip() for item in self._options.location_ids.split(",") if item.strip()]
        arguments = {
            "locationIds": ids,
            "updatedAtStart": _moment(since),
            "updatedAtEnd": _moment(self._access.now() + timedelta(minutes=1)),
            "limit": size,
            "offset": offset,
        }
        written = ", ".join(f"{key}: {json.dumps(value)}" for key, value in arguments.items() if value != [])
        try:
            found = self._ask(name, f"({written}) {{ {fields} }}", tries=tries)
        except _UnknownField as error:
            raise PimsProtocolError(name, str(error)) from None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise PimsProtocolError(name, "the answer is not a list of records.")
        return found

    def _walk(self, name: str, fields: str, since: datetime, most: int) -> Iterator[dict[str, Any] | None]:
        """The rows of up to `most` pages; None at the end where there were more. A page that fails is asked for again
        at half its size: nothing is skipped."""
        size, offset = PAGE_SIZE, 0
        for _ in range(most):
            while True:
                try:
                    rows = self._list(name, fields, since, size, offset, tries=1 if size > SMALLEST_PAGE else 3)
                    break
                except PimsRateLimited:
                    raise
                except PimsUnavailable:
                    if size == SMALLEST_PAGE:
                        raise
                    size = max(size // 2, SMALLEST_PAGE)
            yield from rows
            offset += len(rows)
            if len(rows) < size:
                return
        yield None

    def _since(self, hints: Hints) -> datetime:
        day = hints.issue_date
        if day is None:
            return self._access.now() - timedelta(days=self._options.scan_days)
        return datetime.combine(day, datetime.min.time(), self._site.time_zone) - BEFORE

    def _scan(self, ref: InvoiceRef) -> Found:
        candidates: list[Candidate] = []
        for order in self._walk("orders", SUMMARY, self._since(ref.hints), MOST_PAGES):
            if order is None:
                return Found(tuple(candidates), ("scan_truncated",))
            if name := matched_on(order, ref):
                candidates.append(self._candidate(order, name))
        return Found(tuple(candidates))

    def _candidate(self, order: dict[str, Any], name: str) -> Candidate:
        record = self._record("order", order)
        return Candidate(
            number=text(order.get(name)) or "",
            source_id=record.require(record.text("id"), "id"),
            customer_id=text((order.get("client") or {}).get("id")),
            invoice_date=record.day("invoicedAt", "datetime"),
            total=record.cents("totalAfterTaxCents"),
            customer_name=text((order.get("client") or {}).get("name")),
            matched_on=name,
            source=order,
        )

    def _full_order(self, candidate: Candidate) -> dict[str, Any]:
        """The whole order, where it cannot be asked for by its id: once more from the list of its days."""
        day = candidate.invoice_date or self._access.today()
        since = datetime.combine(day, datetime.min.time(), self._site.time_zone) - BEFORE
        for order in self._walk("orders", self._order_fields, since, MOST_PAGES):
            if order is not None and text(order.get("id")) == candidate.source_id:
                return order
        raise PimsProtocolError("orders", "the order that was found is not in the list any more.")

    def _payments(self, order_id: str, issued: Any, warnings: list[str]) -> tuple[Payment, ...] | None:
        if not self._options.itemise_payments:
            warnings.append("payments_not_itemised")
            return ()
        since = datetime.combine(issued, datetime.min.time(), self._site.time_zone) - BEFORE
        found = []
        try:
            for values in self._walk("payments", PAYMENT, since, MOST_PAYMENT_PAGES):
                if values is None:
                    warnings.append("payments_not_itemised")
                    return ()
                orders = [text(order.get("id")) for order in values.get("orders") or ()]
                if order_id in orders:
                    found.append(self._payment(self._record("payment", values), is_shared=len(orders) > 1))
                    warnings += ["payment_shared"] if len(orders) > 1 else []
        except PimsPermissionError:
            warnings.append("payments_unavailable")
            return None
        return tuple(found)

    def _payment(self, record: Record, *, is_shared: bool) -> Payment:
        """is_shared: it pays several orders, and the system does not say how much of it this one."""
        amount = record.require(record.money("amount"), "amount")
        refunded = record.money("refundedAmount")
        status = PaymentStatus.UNKNOWN if is_shared else PaymentStatus.COMPLETED
        if record.flag("hasVoidPayment") or record.flag("hasVoidedPayment"):
            status = PaymentStatus.CANCELLED
        elif amount < 0 or (refunded and refunded >= amount):
            status = PaymentStatus.REFUNDED
        return Payment(
            amount=amount,
            payment_date=record.day("datetime"),
            method=record.text("methodType"),
            status=status,
            source_id=record.text("id"),
        )

    def _lines(self, items: Any, warnings: list[str]) -> Iterator[Line]:
        for number, values in enumerate(items):
            item = self._record(f"order.items[{number}]", values)
            if item.flag("notRendered"):
                warnings.append("lines_not_rendered")
                continue
            total = item.require(item.cents("totalAfterTaxCents"), "totalAfterTaxCents")
            before = item.cents("totalBeforeTaxCents")
            categories = (values.get("product") or {}).get("productCategories") or [{}]
            yield Line(
                description=item.text("name") or "(no description)",
                quantity=item.quantity("quantity"),
                unit_price=item.price("unitPrice"),
                total_price=total,
                tax_amount=None if before is None else total - before,
                category=text(categories[0].get("name")),
                source_id=item.text("id"),
            )

    def _record(self, where: str, values: Any) -> Record:
        return Record(where, values, self._site.time_zone, self._site.currency)


def printed_name(order: dict[str, Any]) -> str | None:
    """The name of the number that is printed, as far as one can tell."""
    return next((name for name in NUMBERS if text(order.get(name))), None)


def matched_on(order: dict[str, Any], ref: InvoiceRef) -> str | None:
    """The name of the order's number that is the one looked for."""
    exact = (name for name in NUMBERS if (number := text(order.get(name))) and ref.is_exact(number))
    return next(exact, None) or next((name for name in NUMBERS if ref.matches(text(order.get(name)))), None)


def read_status(record: Record) -> InvoiceStatus:
    if record.flag("isCredit"):
        return InvoiceStatus.CREDIT_NOTE
    return InvoiceStatus.UNKNOWN if record.flag("invoiced", default=True) else InvoiceStatus.DRAFT


def read_practice(order: dict[str, Any], name: str | None) -> Practice:
    location = order.get("location") or {}
    return Practice(
        id=text(location.get("id")) or text(order.get("locationId")),
        name=text(location.get("name")) or name,
        address=text(location.get("addressString")),
        phone=text(location.get("phoneNumber")),
        email=text(location.get("email")),
    )


def read_customer(client: dict[str, Any]) -> Customer:
    phones = sorted(client.get("phoneNumbers") or (), key=lambda phone: not flag(phone.get("preferred")))
    addresses = sorted(client.get("addresses") or (), key=lambda address: not flag(address.get("isPrimary")))
    return Customer(
        id=text(client.get("id")),
        name=text(client.get("businessName"))
        or text(client.get("name"))
        or joined(client.get("givenName"), client.get("familyName"), by=" "),
        email=text(client.get("email")),
        phone=text(phones[0].get("value")) if phones else None,
        address=_address(addresses[0]) if addresses else None,
    )


def _address(values: dict[str, Any]) -> str | None:
    region = joined(values.get("state"), values.get("postalCode"), by=" ")
    return joined(values.get("line1"), values.get("line2"), values.get("city"), region)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _error(name: str, errors: Any) -> Exception:
    """What a GraphQL error means; they come with status 200 as well. Its text is not shown: it may quote data."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = text(first.get("code")) or text((first.get("extensions") or {}).get("code")) or ""
    message = (text(first.get("message")) or "").casefold()
    if "cannot query field" in message or "unknown argument" in message:
        return _UnknownField(f"the interface has no {name} of this form any more.")
    if "unauthenticated" in message or "unauthenticated" in code.casefold():
        return PimsAuthError("The practice system does not accept the credentials. Check and save them again.")
    if "permission" in message or "forbidden" in message or "unauthorized" in message:
        return PimsPermissionError(name)
    return PimsProtocolError(name, f"the question was refused ({code or 'no code'}).")


CONNECTOR = VetspireConnector
