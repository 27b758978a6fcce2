"""How statuses, amounts and confidences look, in templates and in the admin's lists alike."""

import json
import re
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

TONES = {
    "matched": "ok",
    "processed": "ok",
    "done": "ok",
    "completed": "ok",
    "delivered": "ok",
    "confirmed": "ok",
    "resolved": "ok",
    "read": "ok",
    "active": "ok",
    "scanned": "calm",
    "running": "calm",
    "suggested": "calm",
    "info": "calm",
    "flagged": "warn",
    "warning": "warn",
    "open": "warn",
    "error": "bad",
    "failed": "bad",
    "dead": "bad",
    "held": "warn",
    "rejected": "bad",
}
ID_IN_BRACKETS = re.compile(r" \((?:inv|dn|doc)_[0-9a-z]+\)")
UNKNOWN = format_html('<span class="unknown">{}</span>', "–")  # noqa: RUF001


@register.filter
def title_words(name: str) -> str:
    """ "gross_total" as "Gross total"."""
    return name.replace("_", " ").capitalize()


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as a person says them: "0.8 s", "42 s", "7 min", "3 h"."""
    if seconds is None:
        return "–"  # noqa: RUF001
    if seconds < 90:
        return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


@register.filter
def percent(value: float | None) -> str:
    """A share in percent, with a decimal unless it is whole or nearly."""
    return "–" if value is None else f"{100 * value:.1f}".removesuffix(".0") + " %"  # noqa: RUF001


@register.filter
def as_json(value: object) -> str:
    """For a data attribute that a script reads."""
    return json.dumps(value)


@register.filter
def without_ids(message: str) -> str:
    """A finding's message without the ids that are there for programs."""
    return ID_IN_BRACKETS.sub("", message)


@register.simple_tag
def status_pill(value: str, label: str = "") -> SafeString:
    """A state as a coloured pill; the word stays, so colour is never alone."""
    return format_html(
        '<span class="pill pill-{}">{}</span>', TONES.get(value, "idle"), label or value.replace("_", " ")
    )


@register.simple_tag
def amount(value: Decimal | None, currency: str = "") -> SafeString:
    if value is None:
        return UNKNOWN
    return format_html('<span class="amount">{} <small>{}</small></span>', f"{value:,.2f}", currency)


@register.simple_tag
def plain_number(value: Decimal | None) -> str:
    """A quantity without needless zeros."""
    return "" if value is None else f"{value.normalize():f}"


@register.simple_tag
def confidence(value: float | None) -> SafeString:
    """A probability as a bar and in percent."""
    if value is None:
        return UNKNOWN
    return format_html(
        '<span class="confidence"><meter min="0" max="1" low="0.7" high="0.9" optimum="1" value="{}"></meter>'
        "<span>{}</span></span>",
        f"{value:.3f}",
        f"{100 * value:.0f} %",
    )
