"""`manage.py redeliver`: post webhooks again that were given up, or that the receiver has lost."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from invoices.models import WebhookDelivery
from invoices.services import deliveries


class Command(BaseCommand):
    help = (
        "Has webhooks delivered again, with their own webhook-id and body and a new schedule of retries: those that "
        "were given up or held back, or with --state delivered those that had arrived. At least one of the other "
        "options is needed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--id", action="append", help="a webhook-id (evt_…); may be repeated")
        parser.add_argument("--request", action="append", help="a requestId; may be repeated")
        parser.add_argument("--mga", help="of this tenant")
        parser.add_argument("--since", metavar="MOMENT", help="made since then (2025-03-04T05:06:07+00:00)")
        parser.add_argument(
            "--state", choices=["dead", "delivered", "over"], help="dead (and held back) is the default; over: all"
        )
        parser.add_argument("--dry-run", action="store_true", help="list them and deliver nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not any(options[name] for name in ("id", "request", "mga", "since")):
            raise CommandError("Say which: --id, --request, --mga or --since.", returncode=2)
        states = {"dead": ["dead", "held"], "delivered": ["delivered"], "over": ["dead", "held", "delivered"]}
        rows = WebhookDelivery.objects.filter(state__in=states[options["state"] or "dead"])
        if options["id"]:
            rows = rows.filter(pk__in=options["id"])
        if options["request"]:
            rows = rows.filter(request__in=options["request"])
        if options["mga"]:
            rows = rows.filter(mga=options["mga"])
        if options["since"]:
            rows = rows.filter(created_at__gte=moment(options["since"]))
        if options["dry_run"]:
            for delivery in rows.defer("body").order_by("created_at"):
                self.stdout.write(f"{delivery.pk} {delivery.event} {delivery.state} {delivery.created_at.isoformat()}")
            self.stdout.write(f"{rows.count()} would be delivered again.")
            return
        self.stdout.write(f"{deliveries.redeliver(rows)} are delivered again.")


def moment(text: str) -> Any:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"--since: {text!r} is no moment like 2025-03-04T05:06:07+00:00.", returncode=2)
    return found if timezone.is_aware(found) else timezone.make_aware(found)
