"""Example bodies of contract 1, for the documentation."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from invoicedata.authentication import AuthTokenExpired, AuthTokenInvalid, AuthTokenMissing

REQUEST_ID = "req_0199f0c4a1b27c3e8d5f6a7b8c9d0e1f"
STATUS_URL = f"https://invoices.example.com/api/v1/invoice/requests/{REQUEST_ID}"
COMPLETED_AT = "2025-03-04T10:15:30.123Z"

INVOICE_RESPONSE: dict[str, Any] = {
    "requestId": REQUEST_ID,
    "status": "completed",
    "completedAt": COMPLETED_AT,
    "source": "PIMS",
    "data": {
        "invoiceId": "inv_0199f0c4a1b37a1c9e2d4f6a8b0c1d2e",
        "invoiceNumber": "INV-1042",
        "invoiceDate": "2025-03-04",
        "dueDate": "2025-03-18",
        "totalAmount": 108.00,
        "currency": "USD",
        "status": "partially_paid",
        "practice": {
            "practiceId": "prac_0199f0c4a1b47b2d8f3e5a6b7c8d9e0f",
            "practiceName": "Harbour Vets",
            "address": {"street": "12 Quay Street", "city": "Portland", "state": "ME", "zipCode": "04101"},
            "phone": "555-0100",
            "email": "desk@harbourvets.example",
        },
        "customer": {
            "customerId": "C-1001",
            "firstName": "Dana",
            "lastName": "Whitfield",
            "email": "dana@example.com",
            "phone": "555-0123",
        },
        "lineItems": [
            {
                "lineItemId": "1",
                "description": "Consultation",
                "quantity": 1,
                "unitPrice": 60.00,
                "totalPrice": 60.00,
                "category": "Examination",
            },
            {"lineItemId": "2", "description": "Vaccine", "quantity": 2, "unitPrice": 24.00, "totalPrice": 48.00},
        ],
        "payments": [
            {
                "paymentId": "p-1",
                "paymentDate": "2025-03-04",
                "amount": 50.00,
                "method": "Card",
                "status": "completed",
            }
        ],
        "balanceDue": 58.00,
    },
    "validationResults": {
        "passed": True,
        "checks": [{"field": "totalAmount", "status": "passed", "message": "Document and practice system agree."}],
    },
}
ACCEPTED = {
    "requestId": REQUEST_ID,
    "status": "accepted",
    "acceptedAt": COMPLETED_AT,
    "statusUrl": STATUS_URL,
}


def error_body(code: str, message: str) -> dict[str, Any]:
    return {
        "requestId": REQUEST_ID,
        "status": "failed",
        "completedAt": COMPLETED_AT,
        "error": {"code": code, "message": message},
    }


def error_example(status: int, name: str, code: str, message: str) -> OpenApiExample:
    return OpenApiExample(name, error_body(code, message), response_only=True, status_codes=[str(status)])


COMPLETED_EXAMPLE = OpenApiExample("Completed", INVOICE_RESPONSE, response_only=True, status_codes=["200"])
ACCEPTED_EXAMPLE = OpenApiExample("Accepted", ACCEPTED, response_only=True, status_codes=["202"])
TOKEN_EXAMPLES = [
    error_example(401, name, kind.default_code, kind.default_detail)
    for name, kind in (
        ("Missing token", AuthTokenMissing),
        ("Invalid token", AuthTokenInvalid),
        ("Expired token", AuthTokenExpired),
    )
]
