"""The API's routes: contract 1, contract 2, its description, and JSON for everything else below /api/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from invoices.api.errors import no_such_address
from invoices.api.routes import both

urlpatterns = [
    path("", include("invoices.api.invoices.urls")),
    path("", include("invoices.api.invoice_data.urls")),
    *both("schema", SpectacularAPIView.as_view(), "schema"),
    *both("docs", SpectacularSwaggerSplitView.as_view(), "docs"),
    re_path(r"^", no_such_address),
]
