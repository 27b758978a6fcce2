"""Documents: the list, the page with its pictures, and the upload."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from invoicedata.models import Mga
from invoicedata.staff import OwnTenantsFilter, tenants_of
from invoices.admin.base import ReadOnlyAdmin, ReadOnlyInline, pill_column
from invoices.admin.cutting import CutViews, NeedsLookFilter
from invoices.errors import InvoiceDataError
from invoices.models import DeliveryNote, Document, DocumentPart, Invoice, Page
from invoices.services import intake, rereading
from invoices.services.rendering import PageNotShownError, picture_of, thumbnail_of


class PageInline(ReadOnlyInline):
    model = Page
    fields = ("number", "method", "engine", "dpi", "turned", "notices")
    verbose_name_plural = "pages as read"


class PartInline(ReadOnlyInline):
    model = DocumentPart
    fields = ("shown_pages", "kind", "kind_confidence", "cut_confidence", "needs_look", "decided_by", "decided_at")
    readonly_fields = ("shown_pages",)
    verbose_name_plural = "parts: the documents in this file"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("invoices.view_document")

    @admin.display(description="pages")
    def shown_pages(self, part: DocumentPart) -> str:
        return part.shown_pages


class InvoiceInline(ReadOnlyInline):
    model = Invoice
    fields = ("invoice_number", "supplier_name", "issue_date", "gross_total", "currency", "status")
    show_change_link = True


class DeliveryNoteInline(ReadOnlyInline):
    model = DeliveryNote
    fields = ("number", "supplier_name", "delivery_date", "venue")
    show_change_link = True


def page_pictures(document: Document, numbers: Iterable[int]) -> SafeString:
    """The pages' pictures, loaded as they come into sight."""
    figure = '<figure><img loading="lazy" src="{}" alt="Page {}"><figcaption>Page {}</figcaption></figure>'
    addresses = [(reverse("admin:invoices_document_page", args=[document.pk, n]), n, n) for n in numbers]
    return format_html('<div class="pages">{}</div>', format_html_join("", figure, addresses))


@admin.register(Document)
class DocumentAdmin(CutViews, ReadOnlyAdmin):
    list_display = (
        "filename",
        "mga",
        pill_column("state", "state"),
        "media_type",
        "size_shown",
        "page_count",
        "source",
        "created_at",
    )
    list_filter = ("state", NeedsLookFilter, "source", "media_type", ("mga", OwnTenantsFilter))
    list_select_related = ("mga",)
    search_fields = ("filename", "id", "sha256")
    date_hierarchy = "created_at"
    inlines = (PartInline, InvoiceInline, DeliveryNoteInline, PageInline)
    actions = ("read_again", "cut_by_hand", "split", "merge", "accept_parts")
    fields = (
        "filename",
        "mga",
        "state",
        "error_code",
        "error_message",
        "media_type",
        "size_shown",
        "page_count",
        "notices",
        "kind_hint",
        "venue_hint",
        "source",
        "created_at",
        "read_at",
        "original",
        "pictures",
        "sha256",
        "id",
    )

    @admin.action(description="Read again (corrections stay)", permissions=["reread"])
    def read_again(self, request: HttpRequest, rows: QuerySet[Document]) -> None:
        count = rereading.reread_soon(rows, request.user, timezone.now())  # type: ignore[arg-type]
        self.message_user(request, f"{count} are read again as soon as nothing else waits.", messages.SUCCESS)

    def has_reread_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invoices.change_document")

    @admin.display(description="size", ordering="size")
    def size_shown(self, document: Document) -> str:
        return filesizeformat(document.size)

    @admin.display(description="original file")
    def original(self, document: Document) -> str:
        return format_html('<a href="{}">Download</a>', reverse("admin:invoices_document_original", args=[document.pk]))

    @admin.display(description="pages")
    def pictures(self, document: Document) -> SafeString:
        return page_pictures(document, range(1, (document.page_count or 0) + 1))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invoices.add_document")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            *self.cut_urls(),
            path(
                "<str:document_id>/original/", view(require_GET(self.original_view)), name="invoices_document_original"
            ),
            path(
                "<str:document_id>/pages/<int:number>/",
                view(require_GET(self.page_view)),
                name="invoices_document_page",
            ),
            *super().get_urls(),
        ]

    def original_view(self, request: HttpRequest, document_id: str) -> FileResponse:
        """The file as it came, as a download only: hostile content is never shown by the browser."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        document = get_object_or_404(self.get_queryset(request), pk=document_id)
        try:
            file = document.file.open("rb")
        except (FileNotFoundError, ValueError) as error:  # gone, or deleted as its time was over
            raise Http404("The file is no longer stored.") from error
        response = FileResponse(
            file, as_attachment=True, filename=document.filename, content_type="application/octet-stream"
        )
        response["Content-Security-Policy"] = "sandbox"
        return response

    def page_view(self, request: HttpRequest, document_id: str, number: int) -> HttpResponse:
        """A picture of a page as we draw it: nothing of the sender's file reaches the browser but its looks."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        document = get_object_or_404(self.get_queryset(request), pk=document_id)
        try:
            picture = thumbnail_of(document, number) if "small" in request.GET else picture_of(document, number)
        except PageNotShownError as error:
            raise Http404(str(error)) from error
        response = HttpResponse(picture, content_type="image/jpeg")
        response["Cache-Control"] = "private, max-age=3600"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The upload page; a POST takes the files, one answer a file for scripts, messages for plain forms."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        tenants = tenants_of(request.user)
        if request.method == "POST":
            return self.receive(request, tenants)
        context = {
            **self.admin_site.each_context(request),
            "title": "Upload documents",
            "opts": self.opts,
            "tenants": tenants,
            "kinds": [("", "Decide from the content"), *Invoice.Kind.choices, ("delivery_note", "Delivery note")],
        }
        return TemplateResponse(request, "admin/invoices/document/upload.html", context)

    def receive(self, request: HttpRequest, tenants: QuerySet[Mga]) -> HttpResponse:
        mga = get_object_or_404(tenants, pk=request.POST.get("mga", ""))
        results = [self.take(request, mga, file) for file in request.FILES.getlist("file")]
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"files": results})
        for result in results:
            level = messages.ERROR if "error" in result else messages.SUCCESS
            self.message_user(request, f"{result['filename']}: {result.get('error') or result['message']}", level)
        if not results:
            self.message_user(request, "Choose at least one file.", messages.WARNING)
        return HttpResponseRedirect(
            reverse("admin:invoices_document_changelist" if results else "admin:invoices_document_add")
        )

    def take(self, request: HttpRequest, mga: Mga, file: Any) -> dict[str, str]:
        try:
            accepted = intake.accept_document(
                mga,
                file,
                filename=file.name,
                source=Document.Source.ADMIN,
                kind_hint=request.POST.get("kind", ""),
                venue_hint=request.POST.get("venue", "")[:200],
                strict=False,
            )
        except InvoiceDataError as error:
            return {"filename": file.name, "error": str(error)}
        message = "already here, not read again" if accepted.is_duplicate else "received, being read"
        url = reverse("admin:invoices_document_change", args=[accepted.document.pk])
        return {"filename": file.name, "message": message, "url": url}
