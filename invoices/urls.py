"""The API's routes: contract 1, contract 2, its description, and JSON for everything else below /api/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from invoices.api.errors import no_such_address

urlpatterns = [
    path("", include("invoices.api.invoice_data.urls")),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(), name="docs"),
    re_path(r"^", no_such_address),
]
