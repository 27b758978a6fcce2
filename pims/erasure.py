"""What is kept of one customer among the imported records, and its deletion."""

from django.db.models import Q, QuerySet

from invoicedata.models import Mga
from pims.lookup import customer_links
from pims.models import Connection, CustomerLink, PimsRecord


def records_of_customer(mga: Mga, customer_id: str) -> QuerySet[PimsRecord]:
    """By the MGA's id of the customer, whatever each practice system calls them."""
    connections = list(Connection.objects.filter(mga=mga))
    links = customer_links(connections, customer_id)
    theirs = Q(pk__in=[])
    for connection in connections:
        theirs |= Q(connection=connection, customer_id__in=links.get(connection.pk, {customer_id}))
    return PimsRecord.objects.filter(theirs)


def erase_customer_records(mga: Mga, customer_id: str) -> int:
    """The number of records that were deleted, with their amendments and the customer's links."""
    deleted = records_of_customer(mga, customer_id).delete()[1].get("pims.PimsRecord", 0)
    CustomerLink.objects.filter(connection__mga=mga, customer_id=customer_id).delete()
    return deleted
