"""How drf-spectacular makes the OpenAPI document from the code."""

from collections.abc import Sequence
from typing import Any

Endpoint = tuple[str, str, str, Any]  # path, path as a regular expression, method, view


def without_slash_twins(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Each route works with a slash at its end too; the contracts know only the one without."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def inline_enumerations(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Enumerations stay where the contracts have them, without drf-spectacular's mark for collecting them."""
    unmark(result)
    return result


def unmark(node: Any) -> None:
    if isinstance(node, dict):
        node.pop("x-spec-enum-id", None)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        unmark(child)
