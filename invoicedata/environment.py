"""Settings from the environment, on django-environ: a wrong value stops the start and says what would be right."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

env = environ.Env()
T = TypeVar("T")


def read(name: str, default: T, cast: Callable[[str], T], meaning: str) -> T:
    """The variable `name` through `cast`, or `default` when it is unset or blank.

    Raises ImproperlyConfigured, naming the variable and `meaning` ("a whole number"), when `cast` refuses the value.
    """
    text = env.str(name, default="").strip()
    if not text:
        return default
    try:
        return cast(text)
    except (ValueError, ArithmeticError) as error:
        raise ImproperlyConfigured(f"{name}={text!r} is not valid: it must be {meaning}.") from error


def text(name: str, default: str = "") -> str:
    return read(name, default, str, "text")


def boolean(name: str, default: bool) -> bool:
    def cast(value: str) -> bool:
        answers = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        if value.lower() not in answers:
            raise ValueError(value)
        return answers[value.lower()]

    return read(name, default, cast, "true or false")


def whole(name: str, default: int, least: int = 0, most: int | None = None) -> int:
    """A whole number within least..most (both allowed)."""

    def cast(value: str) -> int:
        number = int(value)
        if number < least or (most is not None and number > most):
            raise ValueError(value)
        return number

    span = f"from {least} to {most}" if most is not None else f"of at least {least}"
    return read(name, default, cast, f"a whole number {span}")


def number(name: str, default: float, least: float = 0.0) -> float:
    def cast(value: str) -> float:
        found = float(value)
        if not least <= found < float("inf"):
            raise ValueError(value)
        return found

    return read(name, default, cast, f"a number of at least {least}")


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    def cast(value: str) -> str:
        if value not in choices:
            raise ValueError(value)
        return value

    return read(name, default, cast, "one of " + ", ".join(choices))


def mail(url: str) -> dict[str, Any]:
    """Django's settings for a mail server such as smtp+tls://user:password@mail.example.com:587."""
    try:
        found: dict[str, Any] = env.email_url_config(url)
        int(found["EMAIL_PORT"] or 0)
    except (KeyError, ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(
            "EMAIL_URL is not valid: it must be like smtp+tls://user:password@host:587."
        ) from error
    return found


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list, blanks dropped."""
    return read(
        name, list(default), lambda value: [word.strip() for word in value.split(",") if word.strip()], "a list"
    )


def whole_list(name: str, default: Sequence[int]) -> list[int]:
    """Comma-separated whole numbers of at least 1."""

    def cast(value: str) -> list[int]:
        numbers = [int(word) for word in value.split(",")]
        if min(numbers) < 1:
            raise ValueError(value)
        return numbers

    return read(name, list(default), cast, "whole numbers of at least 1, comma-separated")


def confidential(name: str, default: str = "") -> str:
    """NAME, or what is in the file that NAME_FILE names, as orchestrators hand secrets over."""
    if value := text(name):
        return value
    named = text(f"{name}_FILE")
    if not named:
        return default
    try:
        return Path(named).read_text(encoding="utf-8").strip() or default
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{name}_FILE={named!r} is not valid: it cannot be read.") from error


def secret(name: str, fallback: Path) -> str:
    """A confidential value, or that of `fallback`, which is made on first use (mode 600).

    The fallback suits one machine; several machines must share the variable.
    """
    if value := confidential(name):
        return value
    if not fallback.exists():
        fallback.parent.mkdir(parents=True, exist_ok=True)
        fallback.touch(mode=0o600, exist_ok=True)
        fallback.write_text(get_random_secret_key(), encoding="utf-8")
    return fallback.read_text(encoding="utf-8").strip()
