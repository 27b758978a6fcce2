"""A file's pages, cut into documents by hand: a page of the admin, and actions on the list."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from invoices.errors import CutError
from invoices.models import Document, DocumentPart
from invoices.services import cutting
from ocr import Cut, DocumentKind

READ_IT = ("", "As it reads")


class NeedsLookFilter(admin.SimpleListFilter):
    """Documents of which a part is no invoice or delivery note, or is cut where it may be wrong."""

    title = "parts"
    parameter_name = "parts"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("look", "Somebody should look"), *((value, str(label)) for value, label in DocumentPart.Kind.choices)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "look":
            return rows.filter(pk__in=DocumentPart.objects.filter(needs_look=True).values("document"))
        if self.value():
            return rows.filter(pk__in=DocumentPart.objects.filter(kind=self.value()).values("document"))
        return rows


class CutViews:
    """The page where a file is cut, and the actions that cut many. A part of the documents' ModelAdmin."""

    admin_site: Any
    opts: Any
    get_queryset: Callable[[HttpRequest], QuerySet[Document]]
    message_user: Callable[..., None]

    def has_cut_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("invoices.change_invoice"))

    def cut_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.cut_view)
        return [path("<str:document_id>/cut/", view, name="invoices_document_cut")]

    def cut_view(self, request: HttpRequest, document_id: str) -> HttpResponse:
        """Shows the pages with where each document begins; a POST cuts the file so."""
        if not self.has_cut_permission(request):
            raise PermissionDenied
        document = get_object_or_404(self.get_queryset(request).select_related("mga"), pk=document_id)
        address = reverse("admin:invoices_document_cut", args=[document.pk])
        if request.method == "POST":
            try:
                cutting.cut(document, cuts_from(request.POST, document.page_count or 0), request.user)  # type: ignore[arg-type]
            except CutError as error:
                self.message_user(request, str(error), messages.ERROR)
                return HttpResponseRedirect(address)
            self.message_user(request, "The file is cut so, and stays so when it is read again.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:invoices_document_change", args=[document.pk]))
        first = {part.page_numbers[0]: part for part in document.parts.all()}
        context = {
            **self.admin_site.each_context(request),
            "title": f"Split and merge {document}",
            "opts": self.opts,
            "document": document,
            "kinds": [READ_IT, *DocumentPart.Kind.choices],
            "pages": [(number, first.get(number)) for number in range(1, (document.page_count or 0) + 1)],
        }
        return TemplateResponse(request, "admin/invoices/document/cut.html", context)

    @admin.action(description="Split and merge by hand", permissions=["cut"])
    def cut_by_hand(self, request: HttpRequest, rows: QuerySet[Document]) -> HttpResponse | None:
        if rows.count() != 1:
            self.message_user(request, "Choose one document to split and merge by hand.", messages.WARNING)
            return None
        return HttpResponseRedirect(reverse("admin:invoices_document_cut", args=[rows.get().pk]))

    @admin.action(description="Split: every page a document", permissions=["cut"])
    def split(self, request: HttpRequest, rows: QuerySet[Document]) -> None:
        self.cut_many(request, rows, cutting.split_pages)

    @admin.action(description="Merge: all pages one document", permissions=["cut"])
    def merge(self, request: HttpRequest, rows: QuerySet[Document]) -> None:
        self.cut_many(request, rows, cutting.merge_pages)

    @admin.action(description="Accept the parts as they are", permissions=["cut"])
    def accept_parts(self, request: HttpRequest, rows: QuerySet[Document]) -> None:
        self.cut_many(request, rows, cutting.accept)

    def cut_many(
        self, request: HttpRequest, rows: QuerySet[Document], how: Callable[[Document, AbstractBaseUser], None]
    ) -> None:
        done = 0
        for document in rows.select_related("mga"):
            try:
                how(document, request.user)  # type: ignore[arg-type]
                done += 1
            except CutError as error:
                self.message_user(request, f"{document}: {error}", messages.ERROR)
        if done:
            self.message_user(request, f"{done} cut so, and they stay so.", messages.SUCCESS)


def cuts_from(form: Any, page_count: int) -> list[Cut]:
    """As the form says: `begins` is there for each page that begins a document, `kind_7` is the kind of that one."""
    begins = {int(number) for number in form.getlist("begins") if number.isdigit()}
    cuts = []
    for pages in cutting.page_runs(begins, page_count):
        kind = form.get(f"kind_{pages[0]}", "") if pages else ""
        cuts.append(Cut(pages, DocumentKind(kind) if kind in set(DocumentKind) else None))
    return cuts
