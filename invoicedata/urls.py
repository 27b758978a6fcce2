from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from invoices.api.metrics import metrics_view

urlpatterns = [
    path("api/", include("invoices.urls")),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("metrics", metrics_view, name="metrics"),
]
handler400 = "invoices.api.errors.bad_request"
handler403 = "invoices.api.errors.permission_denied"
handler404 = "invoices.api.errors.page_not_found"
handler500 = "invoices.api.errors.server_error"
