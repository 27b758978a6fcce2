"""The only file that knows the queue. A nudge that fails is logged: the sweeper will send another."""

import logging

from django_q.tasks import async_task

logger = logging.getLogger(__name__)


def nudge_job(job_id: str) -> None:
    _nudge("invoices.tasks.run_job", job_id)


def nudge_delivery(delivery_id: str) -> None:
    _nudge("invoices.tasks.run_delivery", delivery_id)


def _nudge(task: str, row_id: str) -> None:
    try:
        async_task(task, row_id)
    except Exception:
        logger.exception("The queue did not take a nudge for %s; the sweeper sends another.", row_id)
