"""Which supplier's template learns when, and which are in use. What is learned, and from what: `services.learning`."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models import Invoice, SupplierTemplate
from invoices.services import queue
from invoices.services.events import record_event
from ocr.templates import Template, find_marks, is_sender, text_of
from ocr.types import Page

OVERDUE_AFTER = timedelta(minutes=1)  # a nudge to learn that nobody followed is given again
LINES = "lines"  # the name of the table among the fields


def find_templates(mga: Mga) -> Callable[[tuple[Page, ...]], Sequence[Template]]:
    """For `ocr.read`: the templates in use of the tenant's suppliers that may have sent some pages."""

    def find(pages: tuple[Page, ...]) -> Sequence[Template]:
        text, marks = text_of(pages), find_marks(pages)
        words = set(text.split())
        in_use = SupplierTemplate.objects.for_mga(mga).filter(state=SupplierTemplate.State.ACTIVE)
        senders = in_use.values_list("pk", "sender", "marks")
        # A name of which no word is legible is not looked for letter by letter: there may be thousands of suppliers.
        likely = [
            pk
            for pk, sender, own in senders.iterator()
            if (not sender or words & set(sender.split())) and is_sender(sender, own, text, marks)
        ]
        known = [knowledge_of(template) for template in in_use.filter(pk__in=likely)]
        return [template for template in known if template is not None]

    return find


def knowledge_of(row: SupplierTemplate) -> Template | None:
    """What it knows and may speak for."""
    return None if row.template is None else without(msgspec.convert(row.template, Template), row.muted)


def known_fields(row: SupplierTemplate) -> list[str]:
    """Names of what it learned, spoken for or not; LINES for its table."""
    if row.template is None:
        return []
    known = msgspec.convert(row.template, Template)
    return sorted({*known.spots, *known.constants}) + ([LINES] if known.columns else [])


def without(template: Template, muted: Collection[str]) -> Template:
    """The template, silent on some fields."""
    return replace(
        template,
        spots={name: spots for name, spots in template.spots.items() if name not in muted},
        constants={name: value for name, value in template.constants.items() if name not in muted},
        absent=template.absent.difference(muted),
        columns=() if LINES in muted else template.columns,
    )


def learn_soon(invoice: Invoice) -> None:
    """Has the supplier's template learn from the invoice, which was approved. Inside the caller's transaction."""
    if invoice.supplier_id is None or invoice.e_invoice is not None:  # an e-invoice says itself what its values are
        return
    template, _ = SupplierTemplate.objects.get_or_create(
        mga=invoice.mga, supplier_id=invoice.supplier_id, kind=invoice.kind
    )
    _learn_again(template)


def forget_soon(invoices: Iterable[Invoice]) -> None:
    """Has the templates learn anew that may have learned from these invoices, which are about to be deleted."""
    suppliers = {invoice.supplier_id for invoice in invoices if invoice.approved_at is not None}
    for template in SupplierTemplate.objects.filter(supplier__in=suppliers):
        _learn_again(template)


def due_for_learning(now: datetime) -> list[str]:
    """Ids of the templates whose nudge nobody followed."""
    late = SupplierTemplate.objects.filter(due_since__lt=now - OVERDUE_AFTER)
    return list(late.order_by("due_since").values_list("pk", flat=True)[:100])


def switch_off(template: SupplierTemplate, actor: AbstractBaseUser) -> None:
    """It does not speak for new documents until somebody switches it on again; it goes on learning."""
    _set_state(template, actor, SupplierTemplate.State.OFF, "template.switched_off")


def switch_on(template: SupplierTemplate, actor: AbstractBaseUser) -> None:
    """It is tested again, and in use where it is better than reading without it."""
    with transaction.atomic():
        _set_state(template, actor, SupplierTemplate.State.DRAFT, "template.switched_on")
        _learn_again(template)


def mute(template: SupplierTemplate, actor: AbstractBaseUser, fields: Collection[str]) -> None:
    """It speaks for all that it knows but these fields, and is tested again."""
    with transaction.atomic():
        template.muted = sorted(fields)
        template.save(update_fields=["muted"])
        record_event(template.mga, template.pk, "template.muted", actor=actor, data={"fields": template.muted})
        _learn_again(template)


def _set_state(template: SupplierTemplate, actor: AbstractBaseUser, state: str, action: str) -> None:
    with transaction.atomic():
        template.state = state
        template.verdict = ""
        template.save(update_fields=["state", "verdict"])
        record_event(template.mga, template.pk, action, actor=actor)


def _learn_again(template: SupplierTemplate) -> None:
    template.due_since = timezone.now()
    template.save(update_fields=["due_since"])
    transaction.on_commit(lambda: queue.nudge_learning(template.pk))
