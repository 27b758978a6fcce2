"""The embedded practice system: invoices that were imported from a practice's export."""

from collections.abc import Collection, Iterable, Iterator

from pims.connectors.base import Access, Candidate, Found, Hints, InvoiceRef, Options, Secrets, Trial
from pims.models import PimsRecord
from pims.types import PimsInvoice, from_json

MOST = 10  # records: more hits by one number tell nothing


class LocalConnector:
    label = "Imported records"
    Options = Options
    Secrets = Secrets

    def __init__(self, access: Access) -> None:
        self._records = PimsRecord.objects.filter(connection=access.site.connection_id)

    def search(self, ref: InvoiceRef) -> Found:
        exact = self._candidates(self._records.filter(number_key__in=ref.keys)[:MOST])
        if exact or not ref.loose_keys:
            return Found(exact)
        return Found(self._candidates(self._records.filter(number_digits__in=ref.loose_keys)[:MOST]))

    def search_alike(self, hints: Hints, customer_ids: Collection[str]) -> Found:
        if hints.issue_date is None:
            return Found()
        theirs = self._records.filter(customer_id__in=customer_ids, invoice_date=hints.issue_date)
        return Found(self._candidates(theirs[:MOST]))

    def fetch(self, candidate: Candidate) -> PimsInvoice:
        found: PimsInvoice = candidate.source
        return found

    def check(self) -> Iterator[Trial]:
        problem = "" if self._records.exists() else "No records yet. Import the practice's export with import_pims."
        yield Trial("Imported records", problem)

    def close(self) -> None:
        pass

    @staticmethod
    def _candidates(records: Iterable[PimsRecord]) -> tuple[Candidate, ...]:
        invoices = [(record, from_json(record.payload)) for record in records]
        return tuple(
            Candidate(
                number=invoice.invoice_number,
                source_id=record.source_id,
                customer_id=invoice.customer.id,
                invoice_date=invoice.invoice_date,
                total=invoice.total,
                customer_name=invoice.customer.name,
                source=invoice,
            )
            for record, invoice in invoices
        )


CONNECTOR = LocalConnector
