from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class InvoiceDataConfig(AppConfig):
    name = "invoicedata"
    verbose_name = "Tenants and tokens"

    def ready(self) -> None:
        from invoicedata import checks, receivers, triggers  # noqa: F401  # importing registers them

        post_migrate.connect(triggers.install, sender=self, dispatch_uid="invoicedata.triggers")


class StaffAdminConfig(AdminConfig):
    default_site = "invoicedata.sign_in.StaffSite"
