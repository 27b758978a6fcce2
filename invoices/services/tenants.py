"""One at a time for a tenant: what is judged beside the tenant's other documents."""

from invoicedata.models import Mga


def lock_tenant(**which: object) -> None:
    """Until the caller's transaction ends nobody else judges or pairs this tenant's documents: `lock_tenant(pk=…)`,
    `lock_tenant(invoices=…)`.

    Two workers would each choose without the other's document. It is taken before any row of the tenant's invoices:
    two that judge each other's invoices would else wait for each other. New rows of the tenant need not wait for it.
    """
    Mga.objects.select_for_update(of=("self",), no_key=True).only("pk").filter(**which).first()
