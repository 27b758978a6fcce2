"""A Vetspire practice: one GraphQL address with a raw key, orders and payments by window and page. Names and values are
made up."""

import json
import re
from typing import Any

from tests.pims.stub.server import Fault, Mount, Reply, Request

DEEPEST = 8


def order(**more: Any) -> dict[str, Any]:
    return {
        "id": "884213",
        "historicalId": None,
        "invoiceReference": "884213",
        "status": "INVOICED",
        "invoiced": True,
        "invoicedAt": "2025-03-04T17:58:00Z",
        "datetime": "2025-03-04T17:40:00Z",
        "posted": True,
        "isCredit": False,
        "locationId": "40001",
        "note": None,
        "subtotalCents": 18500,
        "totalDiscountCents": 1000,
        "totalBeforeTaxCents": 17500,
        "totalAfterTaxCents": 17950,
        "paymentDueCents": 7950,
        "totalPaid": "100.00",
        "totalCreditedCents": 0,
        "client": {
            "id": "5512",
            "name": "Sam Example",
            "givenName": "Sam",
            "familyName": "Example",
            "businessName": None,
            "email": "sam@example.test",
            "phoneNumbers": [{"value": "+1 555 010 0200", "preferred": True}],
            "addresses": [
                {
                    "line1": "9 Nowhere Ln",
                    "line2": None,
                    "city": "Dallas",
                    "state": "TX",
                    "postalCode": "75001",
                    "isPrimary": True,
                }
            ],
        },
        "patient": {"id": "771"},
        "location": {
            "id": "40001",
            "name": "Pretend Pet Clinic",
            "addressString": "1 Main St, Dallas TX",
            "phoneNumber": "+1 555 010 0100",
            "email": "clinic@example.test",
        },
        "items": [
            {
                "id": "1",
                "name": "Wellness exam",
                "quantity": 1,
                "unitPrice": "85.00",
                "productId": "61",
                "subtotalCents": 8500,
                "totalBeforeTaxCents": 8500,
                "totalAfterTaxCents": 8500,
                "totalDiscountCents": 0,
                "refunded": False,
                "notRendered": False,
                "date": "2025-03-04",
            },
            {
                "id": "2",
                "name": "Rabies vaccine",
                "quantity": 2,
                "unitPrice": 50.0,
                "productId": "62",
                "subtotalCents": 10000,
                "totalBeforeTaxCents": 9000,
                "totalAfterTaxCents": 9450,
                "totalDiscountCents": 1000,
                "refunded": False,
                "notRendered": False,
                "date": "2025-03-04",
            },
        ],
        "updatedAt": "2025-03-04T18:10:00Z",
    } | more


def payment(**more: Any) -> dict[str, Any]:
    return {
        "id": "9301",
        "amount": "100.00",
        "datetime": "2025-03-04T18:02:11Z",
        "methodType": "CREDIT_CARD",
        "refundedAmount": 0,
        "hasVoidPayment": False,
        "hasVoidedPayment": False,
        "reference": None,
        "orders": [{"id": "884213"}],
        "location": {"id": "40001"},
        "updatedAt": "2025-03-04T18:10:00Z",
    } | more


class VetspireMount(Mount):
    vendor = "vetspire"
    path = "/graphql"

    def __init__(self, origin: str, prefix: str) -> None:
        super().__init__(origin, prefix)
        self.orders = [order(id="884212", invoiceReference="884212"), order()]
        self.payments = [
            payment(),
            payment(id="9302", amount="40.00", datetime="2025-03-04T18:10:00Z", methodType="CASH", hasVoidPayment=True),
            payment(id="9303", orders=[{"id": "884212"}]),
        ]
        self.has_order_by_id = True
        self.largest_page = 1000
        self.takes: tuple[str, ...] = ("json", "form")

    def endpoint(self, request: Request) -> str:
        found = re.search(r"\{\s*(\w+)", request.form().get("query", ""))
        return found[1] if found else ""

    def answer(self, endpoint: str, request: Request) -> Reply | Fault:
        kind = "json" if "json" in request.headers.get("content-type", "") else "form"
        if kind not in self.takes:
            return Reply(400, {"errors": [{"message": "Body of another kind expected"}]})
        if request.headers.get("authorization") != "secret":
            return Reply(401, {"errors": [{"message": "unauthenticated"}]})
        query = request.form()["query"]
        depth = max(query[:i].count("{") - query[:i].count("}") for i in range(len(query) + 1)) - 1
        if depth > DEEPEST:
            message = f"Query has depth of {depth}, which exceeds max depth of {DEEPEST}"
            return Reply(200, {"data": None, "errors": [{"message": message, "code": "query_depth_limit"}]})
        arguments = _arguments(query)
        if endpoint == "order" and self.has_order_by_id:
            found = [row for row in self.orders if row["id"] == arguments["id"]]
            return Reply(200, {"data": {"order": _shape(found[0], query) if found else None}})
        if endpoint in ("orders", "payments"):
            return self.listed(endpoint, arguments, query)
        message = f'Cannot query field "{endpoint}" on type "RootQueryType".'
        return Reply(200, {"errors": [{"message": message}]})

    def listed(self, endpoint: str, arguments: dict[str, Any], query: str) -> Reply | Fault:
        if arguments["limit"] > self.largest_page:
            return Fault(502, body="{}")
        rows = self.orders if endpoint == "orders" else self.payments
        fitting = [
            row
            for row in rows
            if arguments["updatedAtStart"] <= row["updatedAt"] <= arguments["updatedAtEnd"]
            and ("locationIds" not in arguments or row["location"]["id"] in arguments["locationIds"])
        ]
        page = fitting[arguments["offset"] : arguments["offset"] + arguments["limit"]]
        return Reply(200, {"data": {endpoint: [_shape(row, query) for row in page]}})


def _arguments(query: str) -> dict[str, Any]:
    written = re.search(r"\((.*?)\)", query)
    pairs = re.findall(r"(\w+):\s*(\[.*?\]|\"[^\"]*\"|\d+)", written[1] if written else "")
    return {name: json.loads(value) for name, value in pairs}


def _shape(row: dict[str, Any], query: str) -> dict[str, Any]:
    """Only the fields that were asked for, as GraphQL answers."""
    names = set(re.findall(r"\w+", query))
    return {name: value for name, value in row.items() if name in names}
