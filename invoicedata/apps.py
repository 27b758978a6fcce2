from django.apps import AppConfig


class InvoiceDataConfig(AppConfig):
    name = "invoicedata"
    verbose_name = "Tenants and tokens"
