"""Provet Cloud (REST, Nordhealth).

Filters that an endpoint does not know are silently ignored and everything comes back, so every answer is verified;
where the number cannot be filtered by, the invoice's day can. Records point to one another by absolute addresses: only
their last part is used. Lines are kept as they are: they carry fees that no multiplication gives.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

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
from pims.errors import PimsError, PimsPermissionError, PimsProtocolError
from pims.http import Http, Limits, Rate, Token
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

PERMISSIONS = {
    "invoice": "Financial: Invoices",
    "invoicerow": "Financial: Invoices",
    "invoicepayment": "Financial: Invoices",
    "client": "General: Patients and clients",
    "phonenumber": "General: Patients and clients",
    "department": "Settings: Settings page",
}
NEEDED = ("invoice", "invoicerow", "invoicepayment")
PAGE_SIZE = 50  # a larger page counts as several calls
MINUTE = 60
LIMITS = Limits(
    each=Rate(100, MINUTE),
    endpoints={
        "invoice/": Rate(60, MINUTE),
        "invoice/{id}/": Rate(250, MINUTE),
        "client/{id}/": Rate(500, MINUTE),
        "phonenumber/": Rate(900, MINUTE),
    },
)
TOKEN_SECONDS = 36_000
DAYS_BEFORE, DAYS_AFTER, MOST_PAGES = timedelta(days=3), timedelta(days=4), 6
MOST_LINE_PAGES, MOST_PAYMENTS, MOST_HITS = 40, 20, 3
DAY_SECONDS = 86_400
DRAFT, VOIDED = 0, 99
MOBILE = "1"
PAYMENT_TYPES = {
    "0": "Card",
    "1": "Cash",
    "2": "Bank transfer",
    "3": "Rounding",
    "4": "Cheque",
    "5": "Voucher",
    "6": "Consolidated invoice",
    "7": "Mobile",
    "9": "Gift card",
    "10": "Finance",
    "11": "Other",
    "12": "Credit invoice",
    "15": "Insurance claim",
}
# The names of a payment's fields are not documented: these are tried in order.
PAYMENT_AMOUNT = ("sum", "amount", "paid_sum", "total")
PAYMENT_DAY = ("payment_date", "paid_date", "date", "created")
PAYMENT_CANCELLED = ("cancelled", "canceled", "is_cancelled")


class ProvetOptions(Options, frozen=True):
    base_url: str
    """Such as https://provetcloud.com/1234/api/0.1."""
    token_url: str = ""
    """Blank: /oauth2/token/ of the same practice."""
    credentials_in_body: bool = False
    department_id: str = ""
    """Where only the invoices of one department count."""
    prints_prefix: bool = True
    """Invoices show the prefix before the number."""


class ProvetSecrets(Secrets, frozen=True):
    client_id: str
    client_secret: str


class ProvetConnector:
    label = "Provet Cloud"
    Options = ProvetOptions
    Secrets = ProvetSecrets

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site
        self._options = settings_of(ProvetOptions, access.options)
        self._secrets = settings_of(ProvetSecrets, access.secrets)
        base = self._options.base_url.rstrip("/")
        self._token_url = self._options.token_url or f"{re.sub(r'/api/[^/]*$', '', base)}/oauth2/token/"
        self._http = Http(base, access.transport, limits=LIMITS, fetch_token=self._fetch_token)

    def close(self) -> None:
        self._http.close()

    def search(self, ref: InvoiceRef) -> Found:
        numbers = dict.fromkeys(int(found) for s in ref.spellings if (found := re.sub(r"\D", "", s)))
        warnings: tuple[str, ...] = ()
        rows: list[dict[str, Any]] = []
        for number in numbers:
            params = self._in_department({"invoice_number__is": number, "page_size": 10})
            rows = self._page("invoice", params)["results"]
            if any(text(row.get("invoice_number")) != str(number) for row in rows):  # the filter was not heeded
                rows, warnings = self._search_by_day(ref, {str(n) for n in numbers})
                break
            if rows:
                break
        details = [self._detail(row) for row in rows[:MOST_HITS]]
        return Found(tuple(self._candidate(d) for d in details if self._is_ours(d, ref)), warnings)

    def fetch(self, candidate: Candidate) -> PimsInvoice:
        values = candidate.source
        record = self._record("invoice", values)
        warnings: list[str] = ["has_credit_note"] if values.get("related_credit_note") else []
        client_id = candidate.customer_id
        invoice = PimsInvoice(
            invoice_number=candidate.number,
            invoice_date=record.require(record.day("invoice_date"), "invoice_date"),
            due_date=record.day("invoice_due_date"),
            currency=self._site.currency,
            subtotal=record.money("total"),
            tax_total=record.money("total_vat"),
            total=self._total(record),
            balance_due=record.money("due_sum"),
            status=read_status(record),
            practice=self._practice(values, warnings),
            customer=self._customer(values, client_id, warnings),
            patients=tuple(Patient(id=id_of(url)) for url in values.get("patients") or ()),
            lines=tuple(self._lines(candidate.source_id)),
            payments=self._payments(values, candidate.source_id, warnings),
            source_id=candidate.source_id,
            warnings=tuple(warnings),
            origin=Origin(
                connector="provet",
                matched_on=candidate.matched_on,
                fetched_at=self._access.now(),
                tax_basis="inclusive",
                raw_status=record.text("status"),
                original=id_of(values.get("credit_note_original_invoice")),
            ),
        )
        return complete(invoice, self._access.today())

    def check(self) -> Iterator[Trial]:
        for resource in PERMISSIONS:
            name = "Sign in and read invoices" if resource == "invoice" else f"Read {resource}"
            read = lambda r=resource: self._page(r, {"page_size": 1})  # noqa: E731
            yield attempt(name, read, is_needed=resource in NEEDED)

    # --- calls --------------------------------------------------------------------------------------------------------

    def _fetch_token(self) -> Token:
        pair = (self._secrets.client_id, self._secrets.client_secret)
        data = {"grant_type": "client_credentials", "scope": "restapi"}
        if self._options.credentials_in_body:
            answer = self._http.post_credentials(
                self._token_url, data | {"client_id": pair[0], "client_secret": pair[1]}
            )
        else:
            answer = self._http.post_credentials(self._token_url, data, auth=pair)
        if not isinstance(answer.get("access_token"), str):
            raise PimsProtocolError("token.access_token", "the value is missing.", map(str, answer))
        told = text(answer.get("expires_in")) or ""
        seconds = min(int(told), TOKEN_SECONDS) if told.isdigit() else TOKEN_SECONDS
        return Token(answer["access_token"], self._access.now() + timedelta(seconds=seconds))

    def _page(self, resource: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return _checked(
            self._http.get(f"{resource}/", params, permission=PERMISSIONS.get(resource, resource)), resource
        )

    def _pages(self, resource: str, params: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
        """The rows of all pages, by their `next` links, which must stay with the connection and never repeat."""
        page = self._page(resource, params)
        rows, seen = list(page["results"]), set[str]()
        while (url := page.get("next")) and len(seen) < most - 1:
            if url in seen:
                raise PimsProtocolError(resource, "the pages of the list lead in a circle.")
            seen.add(url)
            permission = PERMISSIONS.get(resource, resource)
            page = _checked(self._http.get_link(url, endpoint=f"{resource}/", permission=permission), resource)
            rows += page["results"]
        return rows

    def _in_department(self, params: dict[str, Any]) -> dict[str, Any]:
        return params | ({"department__is": self._options.department_id} if self._options.department_id else {})

    def search_alike(self, hints: Hints, customer_ids: Collection[str]) -> Found:
        if hints.issue_date is None:
            return Found()
        params = {"client__is": next(iter(customer_ids))} if len(customer_ids) == 1 else {}
        rows = self._list_days(hints.issue_date, timedelta(), timedelta(days=1), params)
        theirs = [row for row in rows if id_of(row.get("client")) in (None, *customer_ids)]
        details = [self._detail(row) for row in theirs[:MOST_HITS]]
        found = [self._candidate(detail, "customer and day") for detail in details]
        return Found(tuple(candidate for candidate in found if candidate.customer_id in customer_ids))

    def _search_by_day(self, ref: InvoiceRef, numbers: set[str]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        day = ref.hints.issue_date
        if day is None:
            return [], ("number_filter_unsupported",)
        rows = self._list_days(day, DAYS_BEFORE, DAYS_AFTER, {})
        return [row for row in rows if text(row.get("invoice_number")) in numbers], ()

    def _list_days(
        self, day: date, before: timedelta, after: timedelta, params: dict[str, Any]
    ) -> list[dict[str, Any]]:
        window = {
            "invoice_date__gte": (day - before).isoformat(),
            "invoice_date__lte": (day + after).isoformat(),
            "page_size": PAGE_SIZE,
        }
        return self._pages("invoice", self._in_department(params | window), MOST_PAGES)

    def _detail(self, row: dict[str, Any]) -> dict[str, Any]:
        """Lists show less than the record has."""
        own_id = id_of_record(row)
        found = self._http.get("invoice/{id}/", permission=PERMISSIONS["invoice"], id=own_id)
        if not isinstance(found, dict) or id_of_record(found) != own_id:
            raise PimsProtocolError("invoice", "another record than the one asked for was returned.")
        return found

    def _is_ours(self, values: dict[str, Any], ref: InvoiceRef) -> bool:
        wanted = self._options.department_id
        in_department = not wanted or id_of(values.get("department")) == wanted
        return in_department and ref.matches(self._number(values))

    def _number(self, values: dict[str, Any]) -> str:
        prefix = text(values.get("invoice_prefix")) if self._options.prints_prefix else None
        return f"{prefix or ''}{text(values.get('invoice_number')) or ''}"

    def _candidate(self, values: dict[str, Any], matched_on: str = "invoice_number") -> Candidate:
        record = self._record("invoice", values)
        return Candidate(
            number=self._number(values),
            source_id=id_of_record(values),
            customer_id=id_of(values.get("client")),
            invoice_date=record.day("invoice_date"),
            total=self._total(record),
            customer_name=record.text("payer_organization_name", "payer_name"),
            matched_on=matched_on,
            source=values,
        )

    def _total(self, record: Record) -> Any:
        total = record.money("total_with_vat")
        if total is None:
            net = record.require(record.money("total"), "total_with_vat")
            total = net + record.require(record.money("total_vat"), "total_vat")
        return total

    def _lines(self, invoice_id: str) -> Iterator[Line]:
        rows = self._pages("invoicerow", {"invoice__is": invoice_id, "page_size": PAGE_SIZE}, MOST_LINE_PAGES)
        for number, values in enumerate(rows):
            if id_of(values.get("invoice")) != invoice_id:
                continue
            row = self._record(f"invoicerow[{number}]", values)
            group = row.text("invoice_group")
            yield Line(
                description=row.text("name") or "(no description)",
                quantity=row.quantity("quantity"),
                unit_price=row.price("price_with_vat"),
                total_price=row.require(row.money("sum_total"), "sum_total"),
                tax_amount=row.money("sum_vat"),
                category=None if group and group.startswith(("http://", "https://")) else group,
                source_id=id_of_record(values),
            )

    def _payments(self, invoice: dict[str, Any], invoice_id: str, warnings: list[str]) -> tuple[Payment, ...] | None:
        try:
            rows = self._pages("invoicepayment", {"invoice__is": invoice_id, "page_size": PAGE_SIZE}, MOST_PAGES)
            if any(id_of(row.get("invoice")) != invoice_id for row in rows):  # the filter was not heeded
                urls = (invoice.get("invoice_payment") or ())[:MOST_PAYMENTS]
                permission = PERMISSIONS["invoicepayment"]
                rows = [self._http.get("invoicepayment/{id}/", permission=permission, id=id_of(url)) for url in urls]
        except PimsPermissionError:
            warnings.append("payments_unavailable")
            return None
        records = [self._record("invoicepayment", row) for row in rows]
        if any(record.get(*PAYMENT_AMOUNT) is None for record in records):
            warnings.append("payment_shape_unknown")
            return None
        return tuple(self._payment(record) for record in records)

    def _payment(self, record: Record) -> Payment:
        amount = record.require(record.money(*PAYMENT_AMOUNT), PAYMENT_AMOUNT[0])
        status = PaymentStatus.REFUNDED if amount < 0 else PaymentStatus.COMPLETED
        kind = record.text("payment_type")
        return Payment(
            amount=amount,
            payment_date=record.day(*PAYMENT_DAY),
            method=PAYMENT_TYPES.get(kind or "", kind),
            status=PaymentStatus.CANCELLED if any(record.flag(name) for name in PAYMENT_CANCELLED) else status,
            source_id=id_of_record(record.values),
        )

    def _customer(self, invoice: dict[str, Any], client_id: str | None, warnings: list[str]) -> Customer:
        payer = self._record("invoice", invoice)
        town = joined(payer.text("payer_zip_code"), payer.text("payer_city"), by=" ")
        streets = (payer.text(name) for name in ("payer_street_address", "payer_street_address_2"))
        email = phone = None
        if client_id:
            try:
                permission = PERMISSIONS["client"]
                email = text(self._http.get("client/{id}/", permission=permission, id=client_id).get("email"))
                phone = self._phone(client_id)
            except PimsError:
                warnings.append("customer_unavailable")
        return Customer(
            id=client_id,
            name=payer.text("payer_organization_name", "payer_name"),
            email=email,
            phone=phone,
            address=joined(*streets, town, payer.text("payer_state"), payer.text("payer_country")),
        )

    def _phone(self, client_id: str) -> str | None:
        rows = self._page("phonenumber", {"client__is": client_id, "page_size": 10})["results"]
        own = [row for row in rows if id_of(row.get("client")) == client_id]
        own.sort(key=lambda row: text(row.get("type_code")) != MOBILE)
        return next((text(row.get("phone_number")) or text(row.get("number")) for row in own), None)

    def _practice(self, values: dict[str, Any], warnings: list[str]) -> Practice:
        receiver = self._record("invoice", values)
        name = receiver.text("receiver_organization_name", "receiver_name")
        department_id = id_of(values.get("department"))
        if name is None and department_id:
            try:
                key = f"department {department_id}"
                name = self._access.transport.state.remember(key, DAY_SECONDS, lambda: self._department(department_id))
            except PimsError:
                warnings.append("practice_unavailable")
        town = joined(receiver.text("receiver_zip_code"), receiver.text("receiver_city"), by=" ")
        return Practice(
            id=department_id,
            name=name or self._site.practice_name,
            address=joined(receiver.text("receiver_street_address"), town),
        )

    def _department(self, department_id: str) -> str | None:
        permission = PERMISSIONS["department"]
        return text(self._http.get("department/{id}/", permission=permission, id=department_id).get("name"))

    def _record(self, where: str, values: Any) -> Record:
        return Record(where, values, self._site.time_zone, self._site.currency)


def read_status(record: Record) -> InvoiceStatus:
    """Payment does not change the system's own status: it only tells drafts and voids."""
    code = record.number("status")
    if code == VOIDED:
        return InvoiceStatus.VOID
    if flag(record.values.get("credit_note")):
        return InvoiceStatus.CREDIT_NOTE
    return InvoiceStatus.DRAFT if code == DRAFT else InvoiceStatus.UNKNOWN


def id_of(url: Any) -> str | None:
    """The id that an address such as …/client/77/ ends in."""
    found = text(url)
    return urlsplit(found).path.rstrip("/").rpartition("/")[2] or None if found else None


def id_of_record(values: Mapping[str, Any]) -> str:
    found = text(values.get("id")) or id_of(values.get("url"))
    if found is None:
        raise PimsProtocolError("record.id", "the value is missing.", map(str, values))
    return found


def _checked(answer: Any, resource: str) -> dict[str, Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        raise PimsProtocolError(resource, "the list has no results.", answer if isinstance(answer, dict) else ())
    if not all(isinstance(row, dict) for row in answer["results"]):
        raise PimsProtocolError(resource, "a row of the list is not a record.")
    return answer


CONNECTOR = ProvetConnector
