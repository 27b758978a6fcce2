from invoices.api.invoices.views import InvoicesViewSet
from invoices.api.routes import both

urlpatterns = [
    *both("invoices", InvoicesViewSet.as_view({"get": "list", "post": "create"}), "invoices"),
    *both("invoices/<str:pk>", InvoicesViewSet.as_view({"get": "retrieve"}), "invoice"),
]
