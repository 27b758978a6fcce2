"""An invoice's deliveries: which notes belong to it, what came beside what was billed, and what people decided."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from invoices.errors import PairingError
from invoices.matching import is_same_quantity
from invoices.models import DeliveryNote, Event, Invoice, Pairing
from invoices.services import pairing

MOST_SHOWN = 20


class PairingViews:
    """The page of an invoice's deliveries. A part of the invoices' ModelAdmin."""

    admin_site: Any
    opts: Any
    get_queryset: Callable[[HttpRequest], QuerySet[Invoice]]
    message_user: Callable[..., None]

    def pairing_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.deliveries_view)
        return [path("<str:invoice_id>/deliveries/", view, name="invoices_invoice_deliveries")]

    def deliveries_view(self, request: HttpRequest, invoice_id: str) -> HttpResponse:
        """Shows them; a POST confirms, rejects, adds or moves one."""
        if not request.user.has_perm("invoices.view_invoice"):
            raise PermissionDenied
        invoice = get_object_or_404(self.get_queryset(request).select_related("mga"), pk=invoice_id)
        if request.method == "POST":
            if not request.user.has_perm("invoices.change_invoice"):
                raise PermissionDenied
            self.act(request, invoice)
            return HttpResponseRedirect(request.get_full_path())
        standing = invoice.pairings.select_related("delivery_note", "decided_by").prefetch_related(
            "delivery_note__lines"
        )
        notes = [row.delivery_note for row in standing if row.status != Pairing.Status.REJECTED]
        text = request.GET.get("q", "").strip()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Deliveries of {invoice}",
            "opts": self.opts,
            "invoice": invoice,
            "standing": standing,
            "rows": beside_each_other(invoice, notes),
            "candidates": found_notes(invoice, text) if text else pairing.candidates(invoice),
            "others": other_invoices(self.get_queryset(request), invoice),
            "text": text,
            "history": Event.objects.filter(subject=invoice.pk, action__startswith="pairing.").select_related("actor"),
            "may_change": request.user.has_perm("invoices.change_invoice"),
        }
        return TemplateResponse(request, "admin/invoices/invoice/deliveries.html", context)

    def act(self, request: HttpRequest, invoice: Invoice) -> None:
        actor: Any = request.user
        done = "Done: it stays so until a person changes it."
        try:
            if note_id := request.POST.get("pair"):
                note = get_object_or_404(DeliveryNote.objects.for_mga(invoice.mga_id), pk=note_id)
                pairing.pair_by_hand(invoice, note, actor)
            elif pk := request.POST.get("confirm"):
                pairing.decide(self.pairing_of(invoice, pk), Pairing.Status.CONFIRMED, actor)
            elif pk := request.POST.get("reject"):
                pairing.decide(self.pairing_of(invoice, pk), Pairing.Status.REJECTED, actor)
            elif pk := request.POST.get("move"):
                target = get_object_or_404(
                    self.get_queryset(request).filter(mga=invoice.mga_id), pk=request.POST.get(f"to_{pk}", "")
                )
                pairing.reassign(self.pairing_of(invoice, pk), target, actor)
            else:
                return
        except PairingError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, done, messages.SUCCESS)

    @staticmethod
    def pairing_of(invoice: Invoice, pk: str) -> Pairing:
        rows = invoice.pairings.select_related("invoice__mga", "delivery_note")
        return get_object_or_404(rows, pk=pk if pk.isdigit() else 0)


def beside_each_other(invoice: Invoice, notes: list[DeliveryNote]) -> list[dict[str, Any]]:
    """Each article with what was billed and what came, over all notes; `differs` where these are not the same."""
    if not notes:
        return []
    rows = []
    for billed, brought in pairing.goods_beside_each_other(invoice, notes):
        article = billed or brought
        assert article is not None
        both = billed is not None and brought is not None
        rows.append(
            {
                "sku": article.sku,
                "description": article.description,
                "billed": billed.quantity if billed else None,
                "came": brought.quantity if brought else None,
                "differs": not (both and billed and brought and is_same_quantity(billed, brought)),
            }
        )
    return rows


def found_notes(invoice: Invoice, text: str) -> list[tuple[DeliveryNote, float | None, tuple[str, ...]]]:
    """The tenant's notes that a person looks for, by number, supplier or order."""
    asked = Q(number__icontains=text) | Q(supplier_name__icontains=text) | Q(order_number__icontains=text)
    rows = DeliveryNote.objects.for_mga(invoice.mga_id).filter(asked).order_by("-delivery_date", "pk")
    return [(note, None, ()) for note in rows[:MOST_SHOWN]]


def other_invoices(rows: QuerySet[Invoice], invoice: Invoice) -> QuerySet[Invoice]:
    """Where a note may belong instead: the supplier's latest invoices."""
    same = Q(supplier=invoice.supplier_id) if invoice.supplier_id else Q(supplier_name=invoice.supplier_name)
    others = rows.filter(same, mga=invoice.mga_id).exclude(pk=invoice.pk).exclude(kind=Invoice.Kind.CREDIT_NOTE)
    return others.order_by("-issue_date", "-pk")[:MOST_SHOWN]


class DecidesPairings:
    """Actions on a list of pairings."""

    message_user: Callable[..., None]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invoices.change_invoice")

    @admin.action(description="Confirm: they belong together", permissions=["decide"])
    def confirm(self, request: HttpRequest, rows: QuerySet[Pairing]) -> None:
        self.decide(request, rows, Pairing.Status.CONFIRMED)

    @admin.action(description="Reject: they do not belong together", permissions=["decide"])
    def reject(self, request: HttpRequest, rows: QuerySet[Pairing]) -> None:
        self.decide(request, rows, Pairing.Status.REJECTED)

    def decide(self, request: HttpRequest, rows: QuerySet[Pairing], status: str) -> None:
        chosen = list(rows.select_related("invoice__mga", "delivery_note"))
        for row in chosen:
            pairing.decide(row, status, request.user)  # type: ignore[arg-type]
        self.message_user(request, f"{len(chosen)} {status}. No reading changes that.", messages.SUCCESS)
