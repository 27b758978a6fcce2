"""Confidences recalibrated from corrections: of all values given 0.9, nine in ten shall be right for this tenant.

approved invoices ─▶ (confidence as read, was it right) ─▶ slope and offset ─▶ tested on invoices not seen ─▶ in use
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from invoicedata.models import Mga
from invoices.models import Calibration, Invoice
from invoices.services.confidences import EDGE, READ, Numbers, as_read, logits, mend
from invoices.services.events import record_event
from invoices.services.recording import INVOICE_FIELDS
from ocr.types import typed_value

MOST_INVOICES = 2000  # the newest approved ones
FEWEST_VALUES, FEWEST_WRONG = 200, 10  # below, chance decides
PRIOR = 4.0  # weight that holds slope and offset near 1 and 0
NEWTON_STEPS = 25
SMALLEST_STEP = 1e-9
FLATTEST = 0.05  # slope: a higher confidence never becomes a lower one
BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


def fit(mga: Mga) -> Calibration:
    """Measures the tenant's confidences anew, and decides whether they are recalibrated."""
    observed = list(observe(mga))
    told, right = (np.array([row[at] for row in observed], dtype=np.float64) for at in (0, 1))
    wrong = int(len(observed) - right.sum())
    slope, offset, before, after = 1.0, 0.0, None, None
    if len(observed) >= FEWEST_VALUES and wrong >= FEWEST_WRONG:
        slope, offset = fit_logits(logits(told), right)
        before, after = log_loss(told, right), held_out_loss(told, right, np.array([row[2] for row in observed]))
    values = {
        "values": len(observed),
        "wrong": wrong,
        "slope": slope,
        "offset": offset,
        "in_use": before is not None and after is not None and after < before,
        "loss_without": before,
        "loss_with": after,
        "curve": curve(told, right, mend(told, slope, offset)),
        "fitted_at": timezone.now(),
    }
    stored, _ = Calibration.objects.update_or_create(mga=mga, defaults=values)
    return stored


def fit_all() -> None:
    for mga in Mga.objects.filter(invoices__approved_at__isnull=False).distinct():
        with transaction.atomic():
            fit(mga)


def switch(row: Calibration, actor: AbstractBaseUser, *, off: bool) -> None:
    """New readings keep their confidences as read, or have them recalibrated again where that is better."""
    with transaction.atomic():
        Calibration.objects.filter(pk=row.pk).update(is_off=off)
        record_event(row.mga, row.mga_id, f"calibration.switched_{'off' if off else 'on'}", actor=actor)


def observe(mga: Mga) -> Iterator[tuple[float, bool, int]]:
    """(confidence as read, whether that was right, which invoice) of the header values that people approved."""
    approved = Invoice.objects.for_mga(mga).filter(approved_at__isnull=False, e_invoice__isnull=True)
    rows = approved.order_by("-approved_at").only("reading", *INVOICE_FIELDS)[:MOST_INVOICES]
    for position, invoice in enumerate(rows.iterator()):
        for name in INVOICE_FIELDS:
            origin = invoice.reading.get(name)
            if origin and origin.get("method") in READ:
                yield as_read(origin), typed_value(name, str(origin["value"])) == getattr(invoice, name), position


# --- The arithmetic -------------------------------------------------------------------------------------------------


def fit_logits(x: Numbers, right: Numbers) -> tuple[float, float]:
    """Slope and offset by Newton's method on the log loss, held near (1, 0) (Platt, 1999, with a normal prior). A step
    that would make the loss larger is halved until it does not."""
    design, prior = np.column_stack([x, np.ones_like(x)]), np.array([1.0, 0.0])

    def loss(weights: Numbers) -> float:
        z = design @ weights
        return float(np.sum(np.logaddexp(0, z) - right * z) + PRIOR / 2 * np.sum((weights - prior) ** 2))

    weights = prior
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-(design @ weights)))
        gradient = design.T @ (p - right) + PRIOR * (weights - prior)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + PRIOR * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > SMALLEST_STEP:
            step = step / 2
        weights = weights - step
        if np.abs(step).max() <= SMALLEST_STEP:
            break
    return max(float(weights[0]), FLATTEST), float(weights[1])


def log_loss(told: Numbers, right: Numbers) -> float:
    kept = np.clip(told, EDGE, 1 - EDGE)
    return float(-np.mean(right * np.log(kept) + (1 - right) * np.log(1 - kept)))


def held_out_loss(told: Numbers, right: Numbers, invoices: NDArray[np.int_]) -> float:
    """Log loss of what one half of the invoices teaches, on the other, both ways."""
    half = invoices % 2 == 0
    if half.all() or not half.any():
        return math.inf
    mended = np.empty_like(told)
    for own in (half, ~half):
        mended[~own] = mend(told[~own], *fit_logits(logits(told[own]), right[own]))
    return log_loss(mended, right)


def curve(told: Numbers, right: Numbers, mended: Numbers) -> list[dict[str, float]]:
    """The reliability diagram's points."""
    places: Sequence[int] = np.clip(np.searchsorted(BINS, told, side="right") - 1, 0, len(BINS) - 2)  # type: ignore[assignment]
    points = []
    for index in range(len(BINS) - 1):
        own = np.asarray(places) == index
        if own.any():
            means = {"told": told[own].mean(), "right": right[own].mean(), "mended": mended[own].mean()}
            points.append(
                {"from": BINS[index], "to": BINS[index + 1], "values": int(own.sum())}
                | {name: round(float(value), 4) for name, value in means.items()}
            )
    return points
