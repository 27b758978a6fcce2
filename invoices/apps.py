from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class InvoicesConfig(AppConfig):
    name = "invoices"
    verbose_name = "Invoices"

    def ready(self) -> None:
        from django_q.signals import post_spawn  # needs the models

        from invoices import search_index, triggers

        post_spawn.connect(warm_reader, dispatch_uid="invoices.warm_reader")
        post_migrate.connect(triggers.install, sender=self, dispatch_uid="invoices.triggers")
        post_migrate.connect(search_index.install, sender=self, dispatch_uid="invoices.search_index")


def warm_reader(**kwargs: Any) -> None:
    """A worker's reader starts with the worker, in the background."""
    from invoices.services.reading import warm_shared_reader

    warm_shared_reader()
