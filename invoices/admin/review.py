"""The review desk: the queue, the page on which an invoice is corrected, and what that page asks for."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from invoicedata.staff import tenants_of
from invoices.errors import ReviewBlockedError, ReviewError, ReviewHeldError, ReviewValueError
from invoices.models import Finding, Invoice
from invoices.services import cutting, desk, rereading, review
from invoices.services.rendering import PageNotShownError
from invoices.services.review import Changes, Pointed

PAGE_SIZE = 50
MOST_AT_ONCE = 200
MOST_BODY_FIELDS = 100
POSTPONE = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
MOST_NAMES = 300
ENGINES = {"": "as usual", "rapidocr": "RapidOCR", "tesseract": "Tesseract"}
VIEWS = [
    ("", "Waiting", "waiting"),
    ("mine", "Mine", "mine"),
    ("overdue", "Overdue", "overdue"),
    ("postponed", "Postponed", "postponed"),
]
SORTS = [
    ("age", "Waiting longest"),
    ("stake", "Most money at stake"),
    ("due", "Due first"),
    ("confidence", "Least certain"),
]
CONFIDENCES = [
    ("low", "Below 70 %", 0.0, 0.7),
    ("middle", "70 to 90 %", 0.7, 0.9),
    ("high", "90 % and above", 0.9, 1.1),
]
FILTERS = {
    "q": "",
    "tenant": "mga",
    "supplier": "supplier_name",
    "venue": "venue",
    "rule": "",
    "severity": "",
    "confidence": "",
}
"""The queue's filters, with the column of those that take one value of it."""
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
            route("<str:invoice_id>/review/history/", require_GET(self.history_view_of), "review_history"),
            route("<str:invoice_id>/review/words/<int:number>/", require_GET(self.words_view), "review_words"),
            route("<str:invoice_id>/review/region/", require_POST(self.region_view), "review_region"),
            route("<str:invoice_id>/review/<str:action>/", require_POST(self.action_view), "review_action"),
        ]

    # --- The queue ---------------------------------------------------------------------------------------------------

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """What waits for a person; a POST approves, hands on or brings back what was ticked."""
        self.require_reviewer(request)
        if request.method == "POST":
            return self.act_on_many(request)
        every = self.get_queryset(request)
        rows = narrowed(every, request.GET)
        shown = self.shown_rows(request, rows)
        page = Paginator(desk.with_findings(shown).select_related("mga", "claimed_by"), PAGE_SIZE).get_page(
            request.GET.get("page")
        )
        told = {f.invoice_id: f for f in self.worst_findings(list(page))}
        now, waiting = timezone.now(), desk.queue(every)
        counts = desk.counts(rows, request.user)  # type: ignore[arg-type]
        context = {
            **self.admin_site.each_context(request),
            "title": "Review",
            "opts": self.opts,
            "rows": [
                {"invoice": row, "finding": told.get(row.pk), "held": row.is_held_by_another(request.user.pk, now)}
                for row in page
            ],
            "page": page,
            "query": without_page(request.GET),
            "counts": counts,
            "views": [(name, label, counts[count]) for name, label, count in VIEWS],
            "view": request.GET.get("view", ""),
            "stakes": desk.money_at_stake(shown),
            "today": now.date(),
            "tenants": tenants_of(request.user),
            "rules": rules_in(waiting),
            "suppliers": names_in(waiting, "supplier_name"),
            "venues": names_in(waiting, "venue"),
            "confidences": CONFIDENCES,
            "sorts": SORTS,
            "staff": staff_who_review(),
            "chosen": request.GET,
            "is_narrowed": any(request.GET.get(name) for name in FILTERS),
        }
        return TemplateResponse(request, "admin/invoices/invoice/queue.html", context)

    def shown_rows(self, request: HttpRequest, rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
        """Of narrowed rows those of the view that was chosen, as sorted."""
        view = request.GET.get("view", "")
        if view == "postponed":
            return desk.postponed(rows)
        waiting = desk.queue(rows, request.GET.get("sort", ""))
        if view == "mine":
            return desk.held_by(waiting, request.user)  # type: ignore[arg-type]
        return waiting.filter(due_date__lt=timezone.now().date()) if view == "overdue" else waiting

    @staticmethod
    def worst_findings(rows: list[Invoice]) -> QuerySet[Finding]:
        """Of each invoice some open findings, the worst last, so that it is the one that remains in a dict."""
        found = Finding.objects.filter(invoice__in=rows, state=Finding.State.OPEN)
        return found.order_by("-severity", "money_at_stake")

    def act_on_many(self, request: HttpRequest) -> HttpResponse:
        rows = self.get_queryset(request).filter(pk__in=request.POST.getlist("invoice")[:MOST_AT_ONCE])
        action = next((name for name in ("assign", "back", "approve") if name in request.POST), "")
        if action != "back" and not request.user.has_perm("invoices.assign_invoice"):
            raise PermissionDenied
        to = get_object_or_404(get_user_model(), pk=request.POST.get("to") or 0) if action == "assign" else None
        done, refused = 0, list[str]()
        for invoice in rows:
            try:
                act_on(invoice, action, request.user, to)
                done += 1
            except ReviewBlockedError as error:
                refused.append(f"{invoice}: {error.messages[0]}")
            except ReviewError as error:
                refused.append(f"{invoice}: {error}")
        if done:
            told = {"assign": f"handed to {to}", "back": "back in the queue"}.get(action, "approved")
            self.message_user(request, f"{done} {told}.", messages.SUCCESS)
        for reason in refused[:5]:
            self.message_user(request, reason, messages.WARNING)
        if len(refused) > 5:
            self.message_user(request, f"{len(refused) - 5} more were left as they are: open them.", messages.WARNING)
        if not done and not refused:
            self.message_user(request, "Tick some invoices first.", messages.WARNING)
        return HttpResponseRedirect(request.get_full_path())

    def next_view(self, request: HttpRequest) -> HttpResponse:
        """To the first invoice of the queue, as narrowed and sorted, that nobody holds."""
        self.require_reviewer(request)
        waiting = self.shown_rows(request, narrowed(self.get_queryset(request), request.GET))
        first = desk.free_for(waiting, request.user).first()  # type: ignore[arg-type]
        if first is None:
            self.message_user(request, "Nothing waits for review.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:invoices_invoice_queue") + with_query(request))
        return HttpResponseRedirect(reverse("admin:invoices_invoice_review", args=[first.pk]) + with_query(request))

    # --- The page ----------------------------------------------------------------------------------------------------

    def review_view(self, request: HttpRequest, invoice_id: str) -> HttpResponse:
        invoice = self.invoice_of(request, invoice_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Review {invoice}",
            "opts": self.opts,
            "invoice": invoice,
            "engines": ENGINES.items(),
            "is_nav_sidebar_enabled": False,
            "state": self.state(request, invoice),
        }
        return TemplateResponse(request, "admin/invoices/invoice/review.html", context)

    def state_view(self, request: HttpRequest, invoice_id: str) -> JsonResponse:
        return JsonResponse(self.state(request, self.invoice_of(request, invoice_id)))

    def state(self, request: HttpRequest, invoice: Invoice) -> Json:
        now = timezone.now()
        held = invoice.is_held_by_another(request.user.pk, now) and review.held_error(invoice)
        waiting = self.shown_rows(request, narrowed(self.get_queryset(request), request.GET))
        following = desk.next_in_queue(waiting, request.user, invoice)  # type: ignore[arg-type]
        query = with_query(request)
        base = reverse("admin:invoices_invoice_review", args=[invoice.pk])
        page = reverse("admin:invoices_document_page", args=[invoice.document_id, 0])
        return desk.describe(invoice) | {
            "base": base,
            "pageUrl": page.removesuffix("0/"),
            "heldBy": str(held) if held else "",
            "next": following and reverse("admin:invoices_invoice_review", args=[following.pk]),
            "query": query,
            "nextPages": following
            and [
                f"{reverse('admin:invoices_document_page', args=[following.document_id, n])}"
                for n in following.page_numbers[:3]
            ],
            "queue": reverse("admin:invoices_invoice_queue") + query,
            "picture": reverse("admin:invoices_document_page", args=["DOCUMENT", 0]),
            "user": request.user.pk,
            "about": f"{invoice.filename} · {invoice.mga}",
            "links": links_of(invoice),
        }

    def history_view_of(self, request: HttpRequest, invoice_id: str) -> JsonResponse:
        return JsonResponse({"history": desk.history_of(self.invoice_of(request, invoice_id))})

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
    for name, lookup in FILTERS.items():
        if lookup and chosen.get(name):
            rows = rows.filter(**{lookup: chosen[name]})
    open_ones = Finding.objects.filter(state=Finding.State.OPEN)
    for name in ("rule", "severity"):
        if chosen.get(name):
            rows = rows.filter(pk__in=open_ones.filter(**{name: chosen[name]}).values("invoice"))
    low, high = next(((low, high) for name, _, low, high in CONFIDENCES if name == chosen.get("confidence")), (0, 2))
    rows = rows.filter(confidence__gte=low, confidence__lt=high) if chosen.get("confidence") else rows
    if text := chosen.get("q", "").strip():
        rows = rows.filter(
            Q(supplier_name__icontains=text) | Q(invoice_number__icontains=text) | Q(filename__icontains=text)
        )
    return rows


def with_query(request: HttpRequest) -> str:
    """The queue's filters and order, to be kept from page to page."""
    query = without_page(request.GET)
    return f"?{query}" if query else ""


def without_page(chosen: QueryDict) -> str:
    kept = chosen.copy()
    kept.pop("page", None)
    return kept.urlencode()


def rules_in(waiting: QuerySet[Invoice]) -> list[tuple[str, int]]:
    """The rules that tell something of the waiting, and of how many."""
    told = Finding.objects.filter(state=Finding.State.OPEN, invoice__in=waiting.order_by())
    return list(told.order_by("rule").values_list("rule").annotate(invoices=Count("invoice", distinct=True)))


def names_in(waiting: QuerySet[Invoice], column: str) -> list[str]:
    """The names that a filter offers."""
    found = waiting.exclude(**{column: ""}).order_by(column).values_list(column, flat=True)
    return list(found.distinct()[:MOST_NAMES])


def staff_who_review() -> list[Any]:
    """Who may review."""
    people = get_user_model().objects.filter(is_staff=True, is_active=True).order_by("username")
    own = Q(user_permissions__codename="change_invoice") | Q(groups__permissions__codename="change_invoice")
    return list(people.filter(own | Q(is_superuser=True)).distinct())


def links_of(invoice: Invoice) -> dict[str, str]:
    """Pages of the admin that show more; comparison: only where the practice system knows the invoice."""
    links = {
        "invoice": reverse("admin:invoices_invoice_change", args=[invoice.pk]),
        "document": reverse("admin:invoices_document_change", args=[invoice.document_id]),
        "original": reverse("admin:invoices_document_original", args=[invoice.document_id]),
    }
    if invoice.pims_record is not None:
        links["comparison"] = reverse("admin:invoices_invoice_comparison", args=[invoice.pk])
    return links


def act_on(invoice: Invoice, action: str, actor: Any, to: Any) -> None:
    if action == "assign":
        review.assign(invoice, actor, to)
    elif action == "back":
        review.come_back(invoice, actor)
    elif action == "approve":
        review.approve(invoice.pk, actor, invoice.version)


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
    invoice = review.approve(
        asked.invoice.pk, asked.actor, asked.version, asked.changes, accept=accept, seconds=asked.seconds
    )
    return {"version": invoice.version}


def reject(asked: Asked) -> Json:
    reason = str(asked.body.get("reason", ""))
    invoice = review.reject(asked.invoice.pk, asked.actor, asked.version, reason, seconds=asked.seconds)
    return {"version": invoice.version}


def postpone(asked: Asked) -> Json:
    wait = POSTPONE.get(str(asked.body.get("for")), POSTPONE["day"])
    invoice = review.postpone(asked.invoice.pk, asked.actor, asked.version, timezone.now() + wait)
    return {"version": invoice.version}


def back(asked: Asked) -> None:
    review.come_back(asked.invoice, asked.actor)


def reopen(asked: Asked) -> None:
    review.reopen(asked.invoice.pk, asked.actor, asked.version)


def pair(asked: Asked) -> None:
    note, status = str(asked.body.get("note", "")), str(asked.body.get("status", ""))
    review.decide_pairing(asked.invoice.pk, asked.actor, asked.version, note, status)


def reread(asked: Asked) -> Json:
    engine = str(asked.body.get("engine", ""))
    if engine not in ENGINES:
        raise ReviewError("There is no such engine.")
    if asked.invoice.is_held_by_another(asked.actor.pk, timezone.now()):
        raise review.held_error(asked.invoice)
    rereading.reread_at_once(asked.invoice.document, asked.actor, engine)
    return {}


def cut(asked: Asked) -> Json:
    """The file's pages cut anew: where its documents began before, and the invoice that this page is of now."""
    document, page = asked.invoice.document, asked.invoice.page_numbers[0]
    before = [part.page_numbers[0] for part in document.parts.all()]
    begins = {number for number in asked.body.get("begins") or () if isinstance(number, int)}
    cutting.cut_before(document, begins, asked.actor)
    found = next((row for row in document.invoices.all() if page in row.page_numbers), None)
    return {"before": before, "address": found and reverse("admin:invoices_invoice_review", args=[found.pk])}


ACTIONS: dict[str, Callable[[Asked], Json | None]] = {
    "claim": claim,
    "release": release,
    "preview": preview,
    "save": save,
    "approve": approve,
    "reject": reject,
    "postpone": postpone,
    "reopen": reopen,
    "back": back,
    "pair": pair,
    "reread": reread,
    "cut": cut,
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
