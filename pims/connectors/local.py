"""The embedded practice system: invoices that were imported from a practice's export."""

from collections.abc import Sequence

from pims.connectors.base import Found, Hints
from pims.models import Connection, PimsRecord
from pims.types import PimsInvoice, from_json

MOST = 10  # records: more hits by one number tell nothing


class LocalConnector:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, keys: Sequence[str], loose_keys: Sequence[str], hints: Hints) -> Found:
        records = PimsRecord.objects.filter(connection=self._connection)
        exact = records.filter(number_key__in=keys)[:MOST]
        found = Found(exact=tuple(self._invoice(record) for record in exact))
        if found.exact or not loose_keys:
            return found
        return Found(loose=tuple(self._invoice(r) for r in records.filter(number_digits__in=loose_keys)[:MOST]))

    @staticmethod
    def _invoice(record: PimsRecord) -> PimsInvoice:
        return from_json(record.payload)
