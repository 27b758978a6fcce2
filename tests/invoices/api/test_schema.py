"""The OpenAPI document against hand-written copies of both contracts. What the contracts name may not change; more may
be added."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.invoices.api.conftest import Reader, Send, make_reading

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"
CONTRACT_1 = json.loads((DATA / "contract_invoice_data.json").read_text())
CONTRACT_2 = json.loads((DATA / "contract_invoices.json").read_text())


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def differences(components: dict[str, Any], found: dict[str, Any], wanted: Any, at: str) -> list[str]:
    """What of the contract's description `wanted` does not hold of the schema `found`."""
    if isinstance(wanted, str):
        return [] if type_of(found) == wanted else [f"{at}: {type_of(found)} instead of {wanted}"]
    if "ref" in wanted:
        own = reference_of(found)
        return [] if own == wanted["ref"] else [f"{at}: {own} instead of {wanted['ref']}"]
    found = resolved(components, found)
    if "enum" in wanted:
        same = found.get("type") == "string" and found.get("enum") == wanted["enum"]
        return [] if same else [f"{at}: {found.get('enum')}"]
    if "items" in wanted:
        if found.get("type") != "array":
            return [f"{at}: no array"]
        return differences(components, found["items"], wanted["items"], f"{at}[]")
    problems = [] if found.get("type") == "object" else [f"{at}: no object"]
    if set(found.get("required", [])) & set(wanted["properties"]) != set(wanted["required"]):
        problems.append(f"{at}: required are {sorted(found.get('required', []))}")
    for name, inner in wanted["properties"].items():
        if name not in found["properties"]:
            problems.append(f"{at}.{name}: missing")
        else:
            problems += differences(components, found["properties"][name], inner, f"{at}.{name}")
    return problems


def type_of(schema: dict[str, Any]) -> str:
    """As the copies write it: "string date". Whole numbers are numbers; other formats are additions."""
    kind = {"integer": "number"}.get(schema.get("type", ""), schema.get("type", ""))
    form = schema.get("format")
    return f"{kind} {form}" if form in ("date", "date-time") else kind


def reference_of(schema: dict[str, Any]) -> str:
    inner = schema.get("allOf", [schema])[0]
    return inner.get("$ref", "").rpartition("/")[2]


def resolved(components: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = reference_of(schema)
    return components[name] if name else schema


@pytest.mark.parametrize("name", CONTRACT_1)
def test_contract_1_is_frozen(document: dict[str, Any], name: str) -> None:
    components = document["components"]["schemas"]
    assert differences(components, components[name], CONTRACT_1[name], name) == []


@pytest.mark.parametrize("name", CONTRACT_2)
def test_contract_2_is_frozen(document: dict[str, Any], name: str) -> None:
    components = document["components"]["schemas"]
    assert differences(components, components[name], CONTRACT_2[name], name) == []


def test_the_freeze_notices_a_change(document: dict[str, Any]) -> None:
    components = document["components"]["schemas"]
    changed = CONTRACT_1["payment"] | {"required": ["amount"]}
    changed["properties"] = changed["properties"] | {"amount": "string", "payer": "string"}
    assert len(differences(components, components["payment"], changed, "payment")) == 3


def test_contract_1_has_its_operations(document: dict[str, Any]) -> None:
    operations = {
        ("/api/v1/invoice/{customerId}/process", "post"): {"200", "202", "400", "401", "500"},
        ("/api/v1/invoice/{customerId}/lookup", "post"): {"200", "202", "400", "401", "500"},
        ("/api/v1/invoice/{customerId}/lookup/{invoiceNumber}", "get"): {"200", "400", "401", "404", "500"},
    }
    for (path, method), statuses in operations.items():
        operation = document["paths"][path][method]
        assert set(operation["responses"]) >= statuses
        assert operation["tags"] == ["Invoices"]
        assert operation["security"] == [{"jwtToken": []}]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/invoiceResponse"}
        refused = operation["responses"]["400"]["content"]["application/json"]["schema"]
        assert refused == {"$ref": "#/components/schemas/errorResponse"}
    form = document["components"]["schemas"]["upload"]
    assert (form["properties"]["invoice"]["format"], form["required"]) == ("binary", ["invoice"])
    assert document["paths"]["/api/v1/health"]["get"]["tags"] == ["Health"]


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate_schema(document)


def test_the_written_document_is_the_codes(document: dict[str, Any]) -> None:
    written = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    assert written == json.loads(json.dumps(document)), "make openapi"


def conforms(document: dict[str, Any], name: str, body: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(
        body
    )


def test_answers_conform_to_the_schemas(document: dict[str, Any], send: Send, reader: Reader) -> None:
    conforms(document, "invoiceResponse", send().json())
    conforms(document, "invoiceResponse", send("lookup").json())
    conforms(document, "errorResponse", send(content=b"").json())
    conforms(document, "acceptedResponse", send(webhookUrl="https://93.184.215.14/hooks").json())
    reader.outcome = make_reading(invoice_number=None)
    conforms(document, "errorResponse", send(content=b"%PDF-").json())


def test_every_example_conforms_to_its_schema(document: dict[str, Any]) -> None:
    count = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                for content in response.get("content", {}).values():
                    for example in content.get("examples", {}).values():
                        conforms(document, reference_of(content["schema"]), example["value"])
                        count += 1
    assert count >= 20
