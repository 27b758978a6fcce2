from typing import Any

from django.urls import URLPattern, path


def both(route: str, view: Any, name: str) -> list[URLPattern]:
    """The route without and with a slash at its end; only the former is documented."""
    return [path(route, view, name=name), path(f"{route}/", view, name=f"{name}-slash")]
