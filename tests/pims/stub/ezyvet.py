"""An ezyVet site: token, lists with JSON comparators, pages, messages. Names and values are made up."""

import json
import operator
import re
from collections.abc import Callable
from typing import Any

from tests.pims.stub.server import Mount, Reply, Request

COMPARATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "=": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    ">": operator.gt,
    "gte": operator.ge,
    ">=": operator.ge,
    "lt": operator.lt,
    "<": operator.lt,
    "lte": operator.le,
    "<=": operator.le,
    "in": lambda value, wanted: value in wanted,
    "like": lambda value, wanted: re.fullmatch(str(wanted).replace("%", ".*"), str(value)) is not None,
}
STAMP = 1741032000


def line(
    line_id: str, product: str, name: str, quantity: Any, price: str, tax: str, total: str, total_tax: str, **more: Any
) -> dict[str, Any]:
    return {
        "id": line_id,
        "active": 1,
        "created_at": STAMP,
        "modified_at": STAMP,
        "ownership_id": "3",
        "location_id": "1",
        "product_id": product,
        "quantity": quantity,
        "dispense": "0",
        "status": "",
        "tax_code": "GST",
        "name": name,
        "discount": "0",
        "price": price,
        "price_tax": tax,
        "standard_price": price,
        "standard_price_tax": tax,
        "total": total,
        "total_tax": total_tax,
        "tax_percent": "15",
    } | more


def invoice(**more: Any) -> dict[str, Any]:
    return {
        "id": 12345,
        "active": 1,
        "created_at": STAMP,
        "modified_at": "1741126000",
        "code": "112345",
        "ownership_id": "3",
        "contact_id": "20077",
        "animal_id": "10455",
        "consult_id": "8801",
        "payment_terms_id": "2",
        "customer_reference_number": None,
        "includes_tax": "0",
        "date": "1741032900",
        "date_due": 1741637700,
        "subtotal": "265.80",
        "tax": "39.87",
        "line_item": [
            line("9001", "301", "Consultation", "1", "60.00", "9.00", "60.00", "9.00"),
            line("9002", "302", "Amoxicillin 250mg", "14", "1.20", "0.18", "16.80", "2.52"),
            line("9003", "303", "Dental prophylaxis", 1, "210.00", "31.50", "189.00", "28.35", discount="21.00"),
        ],
    } | more


def payment(
    payment_id: int, amount: str, method: Any, date: Any, links: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    return {
        "id": payment_id,
        "active": 1,
        "created_at": int(date),
        "modified_at": int(date),
        "ownership_id": "3",
        "client_id": "20077",
        "amount": amount,
        "allocated": amount,
        "method": method,
        "date": date,
        "details": "",
        "comments": "",
        "status": "",
        "cash_amount": None,
        "cash_change": None,
        "rounding_factor": "0",
        "linked_invoices": links,
    } | more


def tables() -> dict[str, list[dict[str, Any]]]:
    other = invoice(
        id=12346, code="112346", contact_id="20078", date="1741132900", subtotal="94.33", tax="0", line_item=[]
    )
    return {
        "invoice": [invoice(), other],
        "payment": [
            payment(5001, "200.00", "2", "1741034400", [{"id": "12345", "allocated_amount": "200.00"}]),
            payment(
                5002,
                "150.00",
                3,
                1741125900,
                [{"id": 12345, "allocated_amount": "55.67"}, {"id": 12346, "allocated_amount": "94.33"}],
            ),
            payment(5003, "100.00", "2", "1741035600", [{"id": "12345", "allocated_amount": "100.00"}], active=0),
        ],
        "contact": [
            {
                "id": 20077,
                "active": 1,
                "code": "20077",
                "first_name": "Aroha",
                "last_name": "Example",
                "business_name": "",
                "is_business": 0,
                "is_customer": 1,
                "ownership_id": 3,
                "address_physical": 771,
                "address_postal": "",
                "contact_detail_list": [61, 62],
            }
        ],
        "address": [
            {
                "id": 771,
                "active": 1,
                "name": "",
                "street_1": "1 Fake Street",
                "street_2": "",
                "suburb": "Devonport",
                "city": "Auckland",
                "region": "",
                "post_code": "0624",
                "state": "",
                "country_id": 153,
            }
        ],
        "contactdetail": [
            {
                "id": 61,
                "active": 1,
                "contact_id": 20077,
                "contact_detail_type_id": "1",
                "name": "Email",
                "value": "aroha@example.test",
            },
            {
                "id": 62,
                "active": 1,
                "contact_id": 20077,
                "contact_detail_type_id": "3",
                "name": "Mobile",
                "value": "+64 9 555 0100",
            },
        ],
        "separation": [{"id": 3, "active": 1, "name": "Harbour Vets (fake)", "type": "Division", "parent": "1"}],
        "paymentmethod": [{"id": 2, "active": 1, "name": "Credit Card"}, {"id": 3, "active": 1, "name": "EFT"}],
        "product": [
            {"id": 301, "code": "CONS", "name": "Consultation", "product_group_id": 11, "type": "Service"},
            {"id": 302, "code": "AMOX", "name": "Amoxicillin 250mg", "product_group_id": 12, "type": "Product"},
            {"id": 303, "code": "DENT", "name": "Dental prophylaxis", "product_group_id": 13, "type": "Procedure"},
        ],
        "productgroup": [
            {"id": 11, "name": "Consultations"},
            {"id": 12, "name": "Medication"},
            {"id": 13, "name": "Procedures"},
        ],
        "invoiceline": [],
    }


class EzyvetMount(Mount):
    vendor = "ezyvet"

    def __init__(self, origin: str, prefix: str) -> None:
        super().__init__(origin, prefix)
        self.tables = tables()
        self.page_size: int | None = None
        self.expires_in: Any = 43200

    def endpoint(self, request: Request) -> str:
        resource = request.path.removeprefix("/v1/")
        return "token" if resource == "oauth/access_token" else resource

    def answer(self, endpoint: str, request: Request) -> Reply:
        if endpoint == "token":
            return self.sign_in(request)
        if not self.is_signed_in(request):
            return Reply(401, _message('Check the "access token" parameter.'))
        if endpoint not in self.tables:
            return Reply(404, _message("This resource is not in this API version."))
        params = dict(request.params)
        limit = min(int(params.pop("limit", 10)), self.page_size or 200)
        page = int(params.pop("page", 1))
        records = self.tables[endpoint]
        if not self.ignores_filters or endpoint != "invoice" or "date" in params:
            records = [r for r in records if all(_fits(r.get(name), wanted) for name, wanted in params.items())]
        pages = max(-(-len(records) // limit), 1)
        shown = records[(page - 1) * limit : page * limit]
        meta = {"items_total": len(records), "items_page_total": pages, "items_page_size": len(shown)}
        return Reply(200, {"meta": meta, "items": [{endpoint: record} for record in shown], "messages": []})

    def sign_in(self, request: Request) -> Reply:
        form = request.form()
        if form.get("client_secret") != "secret" or form.get("grant_type") != "client_credentials":
            return Reply(401, _message("The client credentials are invalid."))
        body = {"access_token": self.issue_token(), "token_type": "Bearer", "expires_in": self.expires_in}
        return Reply(200, body)


def _fits(value: Any, wanted: str) -> bool:
    try:
        condition = json.loads(wanted)
    except ValueError:
        condition = wanted
    if not isinstance(condition, dict):
        return str(value) == wanted
    for name, operand in condition.items():
        compare = COMPARATORS[name]
        if name in ("eq", "=", "neq", "like"):
            if not compare(str(value), str(operand)):
                return False
        elif name == "in":
            if not compare(str(value), [str(item) for item in operand]):
                return False
        elif not compare(float(value), float(operand)):
            return False
    return True


def _message(text: str) -> dict[str, Any]:
    return {"messages": [{"level": "error", "type": "InvalidRequestException", "text": text, "fields": []}]}
