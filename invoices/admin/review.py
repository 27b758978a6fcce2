"""The review desk: the queue, the page on which an invoice is corrected, and what that page asks for."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from invoicedata.staff import tenants_of
from invoices.errors import ReviewBlockedError, ReviewError, ReviewHeldError, ReviewValueError
from invoices.models import Finding, Invoice
from invoices.services import desk, review
from invoices.services.rendering import PageNotShownError
from invoices.services.review import Changes, Pointed

PAGE_SIZE = 50
MOST_AT_ONCE = 200
MOST_BODY_FIELDS = 100
POSTPONE = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
Json = dict[str, Any]


class ReviewViews:
    """Views of InvoiceAdmin. Whoever may change invoices may review them."""

    admin_site: Any
    opts: Any
    get_queryset: Callable[[HttpRequest], QuerySet[Invoice]]
    message_user: Callable[..., None]

    def review_urls(self) -> list[URLPattern]:
        def route(pattern: str, view: Any, name: str) -> URLPattern:
            return path(pattern, self.admin_site.admin_view(view), name=f"invoices_invoice_{name}")

        return [
            route("queue/", self.queue_view, "queue"),
            route("queue/next/", require_GET(self.next_view), "next"),
            route("<str:invoice_id>/review/", require_GET(self.review_view), "review"),
            route("<str:invoice_id>/review/state/", require_GET(self.state_view), "review_state"),
            route("<str:invoice_id>/review/words/<int:number>/", require_GET(self.words_view), "review_words"),
            route("<str:invoice_id>/review/region/", require_POST(self.region_view), "review_region"),
            route("<str:invoice_id>/review/<str:action>/", require_POST(self.action_view), "review_action"),
        ]

    # --- The queue ---------------------------------------------------------------------------------------------------

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """What waits for a person; a POST approves or hands on what was ticked."""
        self.require_reviewer(request)
        if request.method == "POST":
            return self.act_on_many(request)
        rows = narrowed(self.get_queryset(request), request.GET)
        waiting = desk.queue(rows, request.GET.get("sort", "")).select_related("mga", "claimed_by")
        first_page = list(waiting[: PAGE_SIZE + 1])
        told = {f.invoice_id: f for f in self.worst_findings(first_page)}
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "title": "Review",
            "opts": self.opts,
            "rows": [
                {"invoice": row, "finding": told.get(row.pk), "held": row.is_held_by_another(request.user.pk, now)}
                for row in first_page[:PAGE_SIZE]
            ],
            "has_more": len(first_page) > PAGE_SIZE,
            "total": waiting.count(),
            "postponed": rows.filter(postponed_until__gt=now, open_findings__gt=0).count(),
            "tenants": tenants_of(request.user),
            "rules": Finding.objects.filter(state=Finding.State.OPEN)
            .order_by("rule")
            .values_list("rule", flat=True)
            .distinct(),
            "sorts": [
                ("age", "Waiting longest"),
                ("stake", "Most money at stake"),
                ("due", "Due first"),
                ("confidence", "Least certain"),
            ],
            "staff": get_user_model().objects.filter(is_staff=True, is_active=True).order_by("username"),
            "chosen": request.GET,
        }
        return TemplateResponse(request, "admin/invoices/invoice/queue.html", context)

    @staticmethod
    def worst_findings(rows: list[Invoice]) -> QuerySet[Finding]:
        """Of each invoice some open findings, the worst last, so that it is the one that remains in a dict."""
        found = Finding.objects.filter(invoice__in=rows, state=Finding.State.OPEN)
        return found.order_by("-severity", "money_at_stake")

    def act_on_many(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("invoices.assign_invoice"):
            raise PermissionDenied
        rows = self.get_queryset(request).filter(pk__in=request.POST.getlist("invoice")[:MOST_AT_ONCE])
        done, refused = 0, list[str]()
        to = get_object_or_404(get_user_model(), pk=request.POST.get("to") or 0) if "assign" in request.POST else None
        for invoice in rows:
            try:
                if to is not None:
                    review.assign(invoice, request.user, to)  # type: ignore[arg-type]
                else:
                    review.approve(invoice.pk, request.user, invoice.version)  # type: ignore[arg-type]
                done += 1
            except ReviewBlockedError as error:
                refused.append(f"{invoice}: {error.messages[0]}")
            except ReviewError as error:
                refused.append(f"{invoice}: {error}")
        if done:
            self.message_user(request, f"{done} {'handed on' if to else 'approved'}.", messages.SUCCESS)
        for reason in refused[:5]:
            self.message_user(request, reason, messages.WARNING)
        if len(refused) > 5:
            self.message_user(request, f"{len(refused) - 5} more were not approved: open them.", messages.WARNING)
        return HttpResponseRedirect(request.get_full_path())

    def next_view(self, request: HttpRequest) -> HttpResponse:
        """To the first invoice of the queue that nobody holds."""
        self.require_reviewer(request)
        first = desk.free_for(desk.queue(self.get_queryset(request)), request.user).first()  # type: ignore[arg-type]
        if first is None:
            self.message_user(request, "Nothing waits for review.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:invoices_invoice_queue"))
        return HttpResponseRedirect(reverse("admin:invoices_invoice_review", args=[first.pk]))

    # --- The page ----------------------------------------------------------------------------------------------------

    def review_view(self, request: HttpRequest, invoice_id: str) -> HttpResponse:
        invoice = self.invoice_of(request, invoice_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Review {invoice}",
            "opts": self.opts,
            "invoice": invoice,
            "state": self.state(request, invoice),
        }
        return TemplateResponse(request, "admin/invoices/invoice/review.html", context)

    def state_view(self, request: HttpRequest, invoice_id: str) -> JsonResponse:
        return JsonResponse(self.state(request, self.invoice_of(request, invoice_id)))

    def state(self, request: HttpRequest, invoice: Invoice) -> Json:
        now = timezone.now()
        held = invoice.is_held_by_another(request.user.pk, now) and review.held_error(invoice)
        following = desk.next_in_queue(self.get_queryset(request), request.user, invoice)  # type: ignore[arg-type]
        base = reverse("admin:invoices_invoice_review", args=[invoice.pk])
        page = reverse("admin:invoices_document_page", args=[invoice.document_id, 0])
        return desk.describe(invoice) | {
            "base": base,
            "pageUrl": page.removesuffix("0/"),
            "heldBy": str(held) if held else "",
            "next": following and reverse("admin:invoices_invoice_review", args=[following.pk]),
            "nextPages": following
            and [
                f"{reverse('admin:invoices_document_page', args=[following.document_id, n])}"
                for n in following.page_numbers[:3]
            ],
            "queue": reverse("admin:invoices_invoice_queue"),
            "user": request.user.pk,
        }

    def words_view(self, request: HttpRequest, invoice_id: str, number: int) -> JsonResponse:
        invoice = self.invoice_of(request, invoice_id)
        response = JsonResponse({"words": desk.words_of(invoice.document, number)})
        response["Cache-Control"] = "private, max-age=600"
        return response

    def region_view(self, request: HttpRequest, invoice_id: str) -> JsonResponse:
        invoice = self.invoice_of(request, invoice_id)
        try:
            asked = json.loads(request.body)
            box = [min(max(float(side), 0.0), 1.0) for side in asked["box"]]
            number = int(asked["page"])
            if len(box) != 4 or number not in invoice.page_numbers:
                raise ValueError
        except (ValueError, TypeError, KeyError) as error:
            raise Http404("There is no such region.") from error
        try:
            return JsonResponse({"text": desk.read_region(invoice.document, number, box)})
        except PageNotShownError as error:
            raise Http404(str(error)) from error

    def action_view(self, request: HttpRequest, invoice_id: str, action: str) -> JsonResponse:
        """Does what the reviewer wants; answers {"ok": true, ...} or {"error": {code, message, ...}}."""
        perform = ACTIONS.get(action)
        if perform is None:
            raise Http404("There is no such action.")
        invoice = self.invoice_of(request, invoice_id)
        try:
            body = json.loads(request.body or b"{}")
            asked = Asked(request, invoice, body, int(body.get("version", -1)), changes_from(body))
        except (ValueError, TypeError, AttributeError, KeyError):
            return refusal("invalid", "The page sent something that cannot be understood. Load it again.")
        try:
            told = perform(asked)
        except ReviewHeldError as error:
            return refusal(error.code, str(error))
        except ReviewBlockedError as error:
            return refusal(error.code, str(error), messages=error.messages)
        except ReviewValueError as error:
            return refusal(error.code, str(error), errors=error.errors)
        except ReviewError as error:
            return refusal(error.code, str(error))
        if told is None:
            told = {"state": self.state(request, self.invoice_of(request, invoice_id))}
        return JsonResponse({"ok": True} | told)

    def invoice_of(self, request: HttpRequest, invoice_id: str) -> Invoice:
        self.require_reviewer(request)
        rows = self.get_queryset(request).select_related("mga", "document", "claimed_by", "supplier")
        return get_object_or_404(rows.prefetch_related("lines", "findings", "payments"), pk=invoice_id)

    @staticmethod
    def require_reviewer(request: HttpRequest) -> None:
        if not request.user.has_perm("invoices.change_invoice"):
            raise PermissionDenied


def narrowed(rows: QuerySet[Invoice], chosen: Any) -> QuerySet[Invoice]:
    """By the queue's filters."""
    exact = {"tenant": "mga", "venue": "venue"}
    for name, column in exact.items():
        if chosen.get(name):
            rows = rows.filter(**{column: chosen[name]})
    if chosen.get("rule"):
        rows = rows.filter(
            pk__in=Finding.objects.filter(rule=chosen["rule"], state=Finding.State.OPEN).values("invoice")
        )
    if chosen.get("held") == "mine":
        rows = rows.filter(claimed_by=chosen.get("user"), claimed_until__gt=timezone.now())
    if text := chosen.get("q", "").strip():
        rows = rows.filter(
            Q(supplier_name__icontains=text) | Q(invoice_number__icontains=text) | Q(filename__icontains=text)
        )
    return rows


class Asked:
    """What a reviewer's page asks for."""

    def __init__(self, request: HttpRequest, invoice: Invoice, body: Json, version: int, changes: Changes) -> None:
        self.actor: Any = request.user
        self.invoice, self.body, self.version, self.changes = invoice, body, version, changes
        seconds = body.get("seconds")
        self.seconds = min(int(seconds), 24 * 3600) if isinstance(seconds, int | float) and seconds >= 0 else None


def claim(asked: Asked) -> Json:
    held = review.claim(asked.invoice, asked.actor, take_over=bool(asked.body.get("takeOver")))
    return {"version": held.version}


def release(asked: Asked) -> Json:
    review.release(asked.invoice, asked.actor)
    return {}


def preview(asked: Asked) -> Json:
    return desk.describe_preview(review.preview(asked.invoice, asked.changes))


def save(asked: Asked) -> None:
    review.save(asked.invoice.pk, asked.actor, asked.version, asked.changes, seconds=asked.seconds)


def approve(asked: Asked) -> Json:
    accept = bool(asked.body.get("accept"))
    review.approve(asked.invoice.pk, asked.actor, asked.version, asked.changes, accept=accept, seconds=asked.seconds)
    return {}


def reject(asked: Asked) -> Json:
    reason = str(asked.body.get("reason", ""))
    review.reject(asked.invoice.pk, asked.actor, asked.version, reason, seconds=asked.seconds)
    return {}


def postpone(asked: Asked) -> Json:
    wait = POSTPONE.get(str(asked.body.get("for")), POSTPONE["day"])
    review.postpone(asked.invoice.pk, asked.actor, asked.version, timezone.now() + wait)
    return {}


def reopen(asked: Asked) -> None:
    review.reopen(asked.invoice.pk, asked.actor, asked.version)


ACTIONS: dict[str, Callable[[Asked], Json | None]] = {
    "claim": claim,
    "release": release,
    "preview": preview,
    "save": save,
    "approve": approve,
    "reject": reject,
    "postpone": postpone,
    "reopen": reopen,
}


def changes_from(body: Json) -> Changes:
    """Raises a TypeError, ValueError, KeyError or AttributeError where the body is not as the page sends it."""
    fields = {str(name): pointed_from(value) for name, value in dict(body.get("fields") or {}).items()}
    confirmed = [str(name) for name in body.get("confirmed") or []]
    if len(fields) + len(confirmed) > MOST_BODY_FIELDS:
        raise ValueError
    lines = body.get("lines")
    return Changes(fields, confirmed, [line_from(line) for line in lines] if lines is not None else None)


def pointed_from(value: Json) -> Pointed:
    box, page = value.get("box"), value.get("page")
    return Pointed(
        text=str(value.get("text", ""))[:2000],
        page=int(page) if page else None,
        box=tuple(float(side) for side in box) if box and len(box) == 4 else None,
    )


def line_from(line: Json) -> Json:
    return {"id": int(line.get("id") or 0)} | {name: str(text)[:600] for name, text in line["values"].items()}


def refusal(code: str, message: str, **more: Any) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message} | more}, status=409)
