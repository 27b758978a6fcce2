"""What schemathesis has to know of this API beyond its OpenAPI document; the requests it sent are counted."""

import atexit
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import ServerError
from schemathesis.transport.serialization import Binary

from tests.documents import make_pdf

# A file part is filled with a document that can be read as often as with mere bytes.
documents = st.integers(min_value=60_000, max_value=60_100).map(lambda size: make_pdf(size=size))
schemathesis.openapi.format("binary", st.one_of(st.binary(max_size=1000), documents))

FREE_TEXT = {"venue"}  # fields of forms that take whatever is written
NOT_AN_INVOICE = '"code":"OCR_FAILED","message":"The document is not an invoice.'
answers: list[str] = []  # to each request: "METHOD path status"


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Schemathesis itself counts requests over all operations only."""
    answers.append(f"{case.method} {case.operation.path} {response.status_code}")


@atexit.register
def write_answers() -> None:
    if path := os.environ.get("FUZZ_ANSWERS"):
        Path(path).write_text(json.dumps(Counter(answers)))


def is_blank(value: Any) -> bool:
    """A list or an object of blanks is sent as a blank, too; white space is blank."""
    if isinstance(value, Binary):  # as a str, which it is too, it is always empty
        return not value.data
    if isinstance(value, Mapping | list | tuple):
        return all(is_blank(item) for item in (value.values() if isinstance(value, Mapping) else value))
    return value is None or (isinstance(value, str | bytes) and not value.strip())


def has_no_blank(values: Any) -> bool:
    return not isinstance(values, Mapping) or not any(is_blank(value) for value in values.values())


def query_of(params: Any) -> list[str]:
    """The values of a query as they are sent: of an object its keys, for instance."""
    address = requests.Request("GET", "http://localhost/", params=params).prepare().url or ""
    return [value for _, value in parse_qsl(urlsplit(address).query, keep_blank_values=True)]


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """A blank parameter is an absent one, and so not refused though no blank is among the values that are listed."""
    sent = query_of(case.as_transport_kwargs().get("params"))
    return has_no_blank(case.query) and not any(map(is_blank, sent))


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    """As in the query: a blank field of a form. And in a form all is text: a number is as good as its digits, and text
    is measured without the blanks around it."""
    if not isinstance(body, Mapping):
        return True
    free = [value for name, value in body.items() if name in FREE_TEXT]
    return has_no_blank(body) and all(isinstance(value, str) and value == value.strip() for value in free)


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Contract 1 answers 500 where the file is no invoice, which is what it is when it was sent to contract 2 as a
    delivery note before. A server error of any other reason remains one."""
    return not (isinstance(failure, ServerError) and NOT_AN_INVOICE in response.text)
