"""Callers that wait for their answers: all are told, and one query looks for all of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from invoices.models import InvoiceRequest
from invoices.services import requests
from tests.factories import make_document, make_mga

State = InvoiceRequest.State


def wait(pk: str, seconds: float) -> str:
    try:
        return requests.wait(InvoiceRequest.objects.get(pk=pk), seconds).state
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_everybody_who_waits_is_told_of_their_own_answer() -> None:
    mga = make_mga()
    for pk in ("req_1", "req_2", "req_3"):
        document = make_document(mga)
        InvoiceRequest.objects.create(id=pk, mga=mga, document=document, operation="process", customer_id="C-1")
    with ThreadPoolExecutor(5) as pool:
        first, again, other = (pool.submit(wait, pk, 30) for pk in ("req_1", "req_1", "req_2"))
        never = pool.submit(wait, "req_3", 1)
        ended = {"state": State.COMPLETED, "completed_at": timezone.now(), "http_status": 200}
        InvoiceRequest.objects.filter(pk="req_1").update(**ended)
        assert (first.result(10), again.result(10)) == (State.COMPLETED, State.COMPLETED)
        assert not other.done()
        InvoiceRequest.objects.filter(pk="req_2").update(**ended)
        assert (other.result(10), never.result(10)) == (State.COMPLETED, State.RUNNING)
