"""All that is to be said of an invoice as it stands: checks, e-invoice, practice system, deliveries, history."""

from django.utils import timezone

from invoices.e_invoices import FAMILY, compare_with_page
from invoices.models import Document, Invoice
from invoices.services.findings import READING_FAILED, replace_findings
from invoices.services.history import judge_later
from invoices.services.pairing import pair_document
from invoices.services.reconciling import reconcile
from invoices.services.tenants import lock_tenant
from invoices.validation import FAMILIES, PAGES, Check, Given, check_invoice, check_part


def judge_document(document: Document, *, is_new_to_others: bool = True) -> None:
    """Runs the checks over the document's invoices, keeps their findings, and pairs with deliveries. Inside the
    caller's transaction.

    is_new_to_others: False where `told_to_others` is what it was: then those that came in later are not judged anew.
    """
    lock_tenant(pk=document.mga_id)
    invoices = list(document.invoices.select_related("mga").prefetch_related("lines", "payments"))
    for invoice in invoices:
        judge(invoice, READING_FAILED)
    touched = pair_document(document)
    judge_later(touched | {invoice.pk for invoice in invoices} if is_new_to_others else touched)


def judge(invoice: Invoice, *settled: str) -> None:
    """Findings of what the invoice says itself, and of what its e-invoice and the practice system say otherwise.

    settled: further families of rules, of which nothing holds any more.
    """
    checks = [*compare_with_page(invoice), *checks_of(invoice), *part_checks_of(invoice)]
    replace_findings(invoice, checks, families=(FAMILY, *FAMILIES, PAGES, *settled))
    if invoice.pims_record is not None:
        reconcile(invoice)


def part_checks_of(invoice: Invoice) -> list[Check]:
    part = invoice.document.parts.filter(number=invoice.part).first()
    return list(check_part(part)) if part else []


def checks_of(invoice: Invoice) -> list[Check]:
    given = Given(timezone.now().date(), invoice.mga.amount_tolerance)
    return check_invoice(invoice, list(invoice.lines.all()), list(invoice.payments.all()), given)
