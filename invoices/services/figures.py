"""The dashboard's figures: what came in, what went straight through, what people did, and what they corrected.

Only reads. `invoices` and `documents` are what the asking person may see, of any time; `since` bounds each figure.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from invoices.models import Correction, Event, Finding, Invoice
from invoices.services import desk
from invoices.services.recording import INVOICE_FIELDS
from invoices.services.review import LINE_FIELDS

MOST_SUPPLIERS = 10
MOST_REVIEWS = 20_000  # events that are looked at
Json = dict[str, Any]


def describe(invoices: QuerySet[Invoice], since: datetime, until: datetime) -> Json:
    """All of it, as JSON: days are ISO dates (UTC), shares 0 to 1, None where there is nothing to count."""
    days = days_between(since.date(), until.date())
    recent = invoices.filter(created_at__gte=since).order_by()
    decided = invoices.filter(approved_at__gte=since).order_by()
    return {
        "days": [day.isoformat() for day in days],
        "statuses": by_status(recent, days),
        "straight": straight_through(recent, days),
        "reviews": reviews(invoices, since, days),
        "accuracy": accuracy(decided),
        "suppliers": suppliers(decided),
        "stakes": [(currency, f"{amount:.2f}") for currency, amount in desk.money_at_stake(desk.queue(invoices))],
        "rules": rules(invoices),
    }


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def by_status(recent: QuerySet[Invoice], days: Iterable[date]) -> list[Json]:
    """Of each status how many came in on each day."""
    found: dict[str, dict[date, int]] = defaultdict(dict)
    counted = recent.annotate(day=TruncDate("created_at")).values_list("status", "day").annotate(count=Count("pk"))
    for status, day, count in counted:
        found[status][day] = count
    return [
        {"status": value, "label": label, "counts": [found[value].get(day, 0) for day in days]}
        for value, label in Invoice.Status.choices
        if value in found
    ]


def straight_through(recent: QuerySet[Invoice], days: Iterable[date]) -> Json:
    """Of the invoices that were read, the share that no person had to touch: nothing to look at, nothing corrected."""
    read = recent.exclude(status__in=(Invoice.Status.PENDING, Invoice.Status.ERROR))
    alone = Q(open_findings=0, reviewed_by=None, approved_at=None, rejected_at=None, corrected={})
    counted = read.annotate(day=TruncDate("created_at")).values_list("day")
    counts = counted.annotate(alone=Count("pk", filter=alone), read=Count("pk"))
    totals = {day: (untouched, every) for day, untouched, every in counts}
    done, every = (sum(pair[at] for pair in totals.values()) for at in (0, 1))
    shares = [share(*totals[day]) if day in totals else None for day in days]
    return {"share": share(done, every), "alone": done, "read": every, "shares": shares}


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def reviews(invoices: QuerySet[Invoice], since: datetime, days: Iterable[date]) -> Json:
    """Approvals by people: how many, and the seconds they took (median), in all and by day."""
    told = Event.objects.filter(action="invoice.approved", at__gte=since, subject__in=invoices.values("pk"))
    seconds: dict[date, list[int]] = defaultdict(list)
    count = 0
    for at, data in told.order_by("-at").values_list("at", "data")[:MOST_REVIEWS]:
        count += 1
        if data.get("seconds") is not None:
            seconds[at.date()].append(data["seconds"])
    every = [value for values in seconds.values() for value in values]
    by_day = [statistics.median(seconds[day]) if day in seconds else None for day in days]
    return {"count": count, "median": statistics.median(every) if every else None, "medians": by_day}


def accuracy(decided: QuerySet[Invoice]) -> list[Json]:
    """Of the approved invoices that show a field, or to which a person added it, the share whose value people left as
    it was read; least right first. Lines: of all lines, those without a correction."""
    shown = {name: Count("pk", filter=~Q(**{f"{name}__isnull": True}) & ~blank(name)) for name in INVOICE_FIELDS}
    totals = decided.aggregate(**{f"n_{name}": count for name, count in shown.items()})
    changed = Correction.objects.filter(invoice__in=decided.values("pk"))
    header = dict(
        changed.filter(line=0).values_list("field").annotate(count=Count("invoice", distinct=True)).order_by()
    )
    rows = [
        {"field": name, "values": totals[f"n_{name}"], "corrected": min(header.get(name, 0), totals[f"n_{name}"])}
        for name in INVOICE_FIELDS
        if totals[f"n_{name}"]
    ]
    lines = decided.aggregate(lines=Count("lines"))["lines"]
    touched = changed.filter(line__gt=0, field__in=("line", *LINE_FIELDS)).values("invoice", "line").distinct().count()
    if lines:
        rows.append({"field": "lines", "values": lines, "corrected": min(touched, lines)})
    for row in rows:
        row["share"] = share(row["values"] - row["corrected"], row["values"])
    return sorted(rows, key=lambda row: row["share"])


def blank(name: str) -> Q:
    """Where a text column is empty."""
    return Q(**{name: ""}) if not Invoice._meta.get_field(name).null else Q(pk__in=[])


def suppliers(decided: QuerySet[Invoice]) -> list[Json]:
    """The suppliers whose invoices were corrected most."""
    told = Correction.objects.filter(invoice__in=decided.values("pk")).order_by()
    counted = told.values_list("invoice__supplier_name").annotate(
        corrections=Count("pk"), invoices=Count("invoice", distinct=True)
    )
    top = counted.order_by("-corrections", "invoice__supplier_name")[:MOST_SUPPLIERS]
    return [{"supplier": name or "unknown", "corrections": c, "invoices": i} for name, c, i in top]


def rules(invoices: QuerySet[Invoice]) -> list[Json]:
    """What keeps the waiting from going through: open findings by rule, most first."""
    told = Finding.objects.filter(state=Finding.State.OPEN, invoice__in=desk.queue(invoices).order_by().values("pk"))
    counted = told.order_by().values_list("rule").annotate(count=Count("invoice", distinct=True)).order_by("-count")
    return [{"rule": rule, "invoices": count} for rule, count in counted[:MOST_SUPPLIERS]]
