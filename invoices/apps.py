import gc
import os
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

WORKER_NICENESS = 10


class InvoicesConfig(AppConfig):
    name = "invoices"
    verbose_name = "Invoices"

    def ready(self) -> None:
        from django_q.signals import post_spawn  # needs the models

        from invoices import search_index, triggers

        post_spawn.connect(prepare_worker, dispatch_uid="invoices.prepare_worker")
        post_migrate.connect(triggers.install, sender=self, dispatch_uid="invoices.triggers")
        post_migrate.connect(search_index.install, sender=self, dispatch_uid="invoices.search_index")


def prepare_worker(**kwargs: Any) -> None:
    """A worker gives way to those who wait for a page of the API, and its reader starts with it, in the background.
    What starts and guards it gives way to nobody: work goes on sooner after a failure."""
    from invoices.services.reading import warm_shared_reader

    gc.freeze()  # what it shares with its parent stays shared: a collection of all garbage writes to every object
    os.nice(WORKER_NICENESS)
    warm_shared_reader()
