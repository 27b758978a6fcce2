"""What schemathesis has to know of this API beyond its OpenAPI document."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import strategies as st

from tests.documents import make_pdf

# A file part is filled with a document that can be read as often as with mere bytes.
documents = st.integers(min_value=60_000, max_value=60_100).map(lambda size: make_pdf(size=size))
schemathesis.openapi.format("binary", st.one_of(st.binary(max_size=1000), documents))


def is_blank(value: Any) -> bool:
    """A list or an object of blanks is sent as a blank, too; white space is blank."""
    if isinstance(value, Mapping | list | tuple):
        return all(is_blank(item) for item in (value.values() if isinstance(value, Mapping) else value))
    return value is None or (isinstance(value, str | bytes) and not value.strip())


def has_no_blank(values: Any) -> bool:
    return not isinstance(values, Mapping) or not any(is_blank(value) for value in values.values())


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """A blank parameter is an absent one, and so not refused though no blank is among the values that are listed."""
    return has_no_blank(query)


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """The same of what only turned out blank when it was made a query of."""
    return has_no_blank(case.query) and has_no_blank(case.as_transport_kwargs().get("params"))


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    """As in the query: a blank field of a form."""
    return has_no_blank(body)
