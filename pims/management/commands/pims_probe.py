"""`manage.py pims_probe`: what a practice system answers, in names and types; never a value."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from pims.connectors.base import Trial
from pims.http import Exchange
from pims.models import Connection
from pims.trials import shape_of, try_connection, try_number

HEADERS = ("content-type", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "ratelimit-remaining")


class Command(BaseCommand):
    help = (
        "Asks a practice system for a little of everything that is needed and prints what works; with --shapes also "
        "which names and types its answers have. No value is printed, so the output may be sent to support. The exit "
        "status is 1 when something needed does not work."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connection", metavar="CONNECTION", help="its id or its name")
        parser.add_argument("--mga", help="the tenant, where several have a connection of this name")
        parser.add_argument("--number", action="append", default=[], help="also find this invoice; may be repeated")
        parser.add_argument("--shapes", action="store_true", help="print names and types of what was answered")

    def handle(self, *args: Any, connection: str, mga: str | None, **options: Any) -> None:
        chosen = find_connection(connection, mga)
        exchanges: list[Exchange] = []
        trials = try_connection(chosen, exchanges.append)
        for number in options["number"]:
            trials += try_number(chosen, number, exchanges.append)
        for trial in trials:
            self.stdout.write(f"{mark(trial)} {trial.name}" + (f": {trial.problem}" if trial.problem else ""))
        self.stdout.write(f"{len(exchanges)} calls.")
        if options["shapes"]:
            for exchange in exchanges:
                self.show(exchange)
        if any(trial.problem and trial.is_needed for trial in trials):
            sys.exit(1)

    def show(self, exchange: Exchange) -> None:
        told = {name: value for name, value in exchange.headers.items() if name.lower() in HEADERS}
        self.stdout.write(f"\n{exchange.method} {exchange.endpoint}: {exchange.status} in {exchange.milliseconds} ms")
        for name, value in told.items():
            self.stdout.write(f"  {name}: {value}")
        self.stdout.write(json.dumps(shape_of(exchange.body), indent=2, ensure_ascii=False))


def mark(trial: Trial) -> str:
    if not trial.problem:
        return "ok     "
    return "FAILED " if trial.is_needed else "missing"


def find_connection(name: str, mga: str | None) -> Connection:
    rows = Connection.objects.filter(pk=int(name)) if name.isdecimal() else Connection.objects.filter(name=name)
    found = list(rows.filter(mga=mga) if mga else rows)
    if not found:
        raise CommandError(f"There is no connection {name!r}.", returncode=2)
    if len(found) > 1:
        raise CommandError(f"Several tenants have a connection {name!r}: add --mga.", returncode=2)
    return found[0]
