"""What the list can be narrowed by, beyond `status`. A blank parameter is an absent one."""

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet

from invoices.models import Invoice, Pairing
from pims.numbers import normalise


class InvoiceFilter(django_filters.FilterSet):
    supplier = django_filters.CharFilter(field_name="supplier_name", lookup_expr="icontains")
    venue = django_filters.CharFilter(field_name="venue", lookup_expr="icontains")
    date_from = django_filters.DateFilter(field_name="issue_date", lookup_expr="gte")
    date_to = django_filters.DateFilter(field_name="issue_date", lookup_expr="lte")
    paired = django_filters.BooleanFilter(method="filter_paired")
    min_confidence = django_filters.NumberFilter(field_name="confidence", lookup_expr="gte", min_value=0, max_value=1)
    search = django_filters.CharFilter(method="filter_search")

    class Meta:
        model = Invoice
        fields: list[str] = []

    def filter_paired(self, rows: QuerySet[Invoice], name: str, value: bool) -> QuerySet[Invoice]:
        confirmed = Pairing.objects.filter(invoice=OuterRef("pk"), status=Pairing.Status.CONFIRMED)
        return rows.filter(Exists(confirmed)) if value else rows.exclude(Exists(confirmed))

    def filter_search(self, rows: QuerySet[Invoice], name: str, value: str) -> QuerySet[Invoice]:
        """In the number (however it is punctuated), the supplier and the file's name."""
        found = Q(supplier_name__icontains=value) | Q(filename__icontains=value) | Q(invoice_number__icontains=value)
        if key := normalise(value):
            found |= Q(number_key__contains=key)
        return rows.filter(found)
