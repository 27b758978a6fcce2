"""A Provet Cloud practice: token, lists that page by links and filter by `field__op`, and ignore what they do not know.
Names and values are made up."""

import base64
import re
from typing import Any
from urllib.parse import urlencode

from tests.pims.stub.server import Mount, Reply, Request

BASE = "/9999/api/0.1"
DECLARED = {
    "invoice": {"invoice_number", "invoice_date", "modified", "client", "department", "credit_note", "status"},
    "invoicerow": {"invoice"},
    "invoicepayment": {"invoice"},
    "phonenumber": {"client"},
}


def row(
    row_id: int,
    name: str,
    group: Any,
    quantity: float,
    price: float,
    gross: float,
    net_sum: float,
    tax: float,
    total: float,
) -> dict[str, Any]:
    return {
        "id": row_id,
        "invoice": "invoice/5",
        "item": "item/900",
        "name": name,
        "invoice_group": group,
        "quantity": quantity,
        "invoicable_quantity": quantity,
        "price": price,
        "price_with_vat": gross,
        "vat_percentage": 24.0,
        "sum": net_sum,
        "sum_vat": tax,
        "sum_total": total,
        "percentage_change": 0.0,
        "credited_invoicerow": None,
        "patient": None,
    }


def invoice(**more: Any) -> dict[str, Any]:
    return {
        "id": 5,
        "invoice_number": 10000000005,
        "invoice_prefix": "HV",
        "reference_number": None,
        "status": 3,
        "invoice_date": "2025-03-04T16:20:00+02:00",
        "invoice_due_date": "2025-03-18",
        "date_paid": None,
        "client": "client/77",
        "department": "department/1",
        "consultation": "consultation/41",
        "original_consultation": None,
        "patients": ["patient/12"],
        "payer_name": "Maija Example",
        "payer_organization_name": "",
        "payer_street_address": "Fake Street 1",
        "payer_street_address_2": "",
        "payer_zip_code": "00100",
        "payer_city": "Helsinki",
        "payer_state": None,
        "payer_country": "FI",
        "payer_vat_number": "",
        "receiver_name": "Pretend Vets Oy",
        "receiver_organization_name": None,
        "receiver_street_address": "Clinic Road 2",
        "receiver_zip_code": "00200",
        "receiver_city": "Helsinki",
        "receiver_iban": "",
        "receiver_vat_number": "",
        "total": 50.06,
        "total_vat": 12.02,
        "total_with_vat": 62.08,
        "due_sum": 22.08,
        "client_due_sum": 22.08,
        "invoice_row": ["invoicerow/31", "invoicerow/32", "invoicerow/33"],
        "invoice_payment": ["invoicepayment/8"],
        "credit_note": False,
        "credit_note_original_invoice": None,
        "related_credit_note": [],
        "consolidated_invoice": False,
        "countersale": False,
        "created": "2025-03-04T16:01:00+02:00",
        "modified": "2025-03-04T16:25:00+02:00",
    } | more


def payment(**more: Any) -> dict[str, Any]:
    return {
        "id": 8,
        "invoice": "invoice/5",
        "payment_type": 0,
        "sum": 40.0,
        "payment_date": "2025-03-04T16:24:00+02:00",
        "cancelled": False,
        "created": "2025-03-04T16:24:10+02:00",
        "modified": "2025-03-04T16:24:10+02:00",
    } | more


def tables() -> dict[str, list[dict[str, Any]]]:
    other = invoice(id=6, invoice_number=10000000006, client="client/78", invoice_date="2025-03-05T09:00:00+02:00")
    return {
        "invoice": [other, invoice()],
        "invoicerow": [
            row(31, "Consultation", "Consultations", 1.0, 50.0, 62.0, 50.0, 12.0, 62.0),
            row(32, "Amoxicillin drops", "Medicines", 0.05, 40.0, 49.6, 10.06, 2.42, 12.48),
            row(33, "Loyalty discount", None, 1.0, -10.0, -12.4, -10.0, -2.4, -12.4),
            row(34, "Somebody else's", None, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0) | {"invoice": "invoice/6"},
        ],
        "invoicepayment": [payment(), payment(id=9, invoice="invoice/6", sum=1.0)],
        "client": [{"id": 77, "email": "maija@example.test", "country": {"code": "FI", "name": "Finland"}}],
        "phonenumber": [
            {"id": 1, "client": "client/77", "type_code": 2, "phone_number": "+358 9 555 0100"},
            {"id": 2, "client": "client/77", "type_code": 1, "phone_number": "+358 40 555 0100"},
        ],
        "department": [{"id": 1, "name": "Pretend Vets Centre", "active_item_list": None}],
    }


class ProvetMount(Mount):
    vendor = "provet"
    path = BASE

    def __init__(self, origin: str, prefix: str) -> None:
        super().__init__(origin, prefix)
        self.tables = tables()
        self.declared = {name: set(fields) for name, fields in DECLARED.items()}
        self.page_size: int | None = None
        self.next_link: str | None = None

    def endpoint(self, request: Request) -> str:
        if request.path.endswith("/oauth2/token/"):
            return "token"
        return request.path.removeprefix(BASE).strip("/").partition("/")[0]

    def answer(self, endpoint: str, request: Request) -> Reply:
        if endpoint == "token":
            return self.sign_in(request)
        if not request.path.endswith("/"):
            return Reply(301, {}, {"Location": f"{request.path}/"})
        if not self.is_signed_in(request):
            return Reply(401, {"detail": "Authentication credentials were not provided."})
        name, _, record_id = request.path.removeprefix(BASE).strip("/").partition("/")
        if name not in self.tables:
            return Reply(404, {"detail": "Not found."})
        records = [self.linked(name, record) for record in self.tables[name]]
        if record_id:
            found = [record for record in records if str(record["id"]) == record_id]
            return Reply(200, found[0]) if found else Reply(404, {"detail": "Not found."})
        return self.page(name, records, dict(request.params))

    def sign_in(self, request: Request) -> Reply:
        form = request.form()
        basic = base64.b64encode(b"c:secret").decode()
        is_basic = request.headers.get("authorization") == f"Basic {basic}"
        if form.get("grant_type") != "client_credentials" or not (is_basic or form.get("client_secret") == "secret"):
            return Reply(401, {"error": "invalid_client"})
        body = {"access_token": self.issue_token(), "expires_in": 36000, "token_type": "Bearer", "scope": "restapi"}
        return Reply(200, body)

    def linked(self, name: str, record: dict[str, Any]) -> dict[str, Any]:
        """With addresses where the tables have `resource/id`."""

        def link(value: Any) -> Any:
            if isinstance(value, list):
                return [link(item) for item in value]
            if isinstance(value, str) and re.fullmatch(r"[a-z]+/\d+", value):
                return f"{self.base_url}/{value}/"
            return value

        return {"url": f"{self.base_url}/{name}/{record['id']}/"} | {key: link(value) for key, value in record.items()}

    def page(self, name: str, records: list[dict[str, Any]], params: dict[str, str]) -> Reply:
        size = min(int(params.pop("page_size", 50)), self.page_size or 1000)
        page = int(params.pop("page", 1))
        for key, wanted in params.items():
            field, _, comparison = key.partition("__")
            if field in self.declared.get(name, ()):
                records = [record for record in records if _fits(record.get(field), comparison or "is", wanted)]
        pages = max(-(-len(records) // size), 1)
        following = f"{self.base_url}/{name}/?{urlencode(params | {'page_size': size, 'page': page + 1})}"
        body = {
            "count": len(records),
            "num_pages": pages,
            "next": self.next_link or (following if page < pages else None),
            "previous": None,
            "results": [self.reduced(name, record) for record in records[(page - 1) * size : page * size]],
        }
        return Reply(200, body)

    @staticmethod
    def reduced(name: str, record: dict[str, Any]) -> dict[str, Any]:
        """Lists of invoices show less than their details."""
        hidden = {"status", "invoice_due_date", "invoice_row", "due_sum"} if name == "invoice" else set()
        return {key: value for key, value in record.items() if key not in hidden}


def _fits(value: Any, comparison: str, wanted: str) -> bool:
    own = str(value).rstrip("/").rpartition("/")[2] if str(value).startswith("http") else str(value)
    if comparison in ("is", "eq"):
        return own == wanted
    if comparison == "in":
        return own in wanted.split(",")
    if comparison == "gte":
        return own[: len(wanted)] >= wanted
    if comparison == "lte":
        return own[: len(wanted)] <= wanted
    raise AssertionError(f"The stub does not know the comparison {comparison!r}.")
