from django.apps import AppConfig


class InvoiceDataConfig(AppConfig):
    name = "invoicedata"
    verbose_name = "Tenants and tokens"

    def ready(self) -> None:
        from invoicedata import checks  # noqa: F401  # importing registers them
