"""The only file that knows the queue. A nudge that fails is logged: the sweeper will send another."""

import logging

from django_q.brokers import get_broker
from django_q.tasks import async_task

logger = logging.getLogger(__name__)


def nudge_job(job_id: str) -> None:
    _nudge("invoices.tasks.run_job", job_id)


def nudge_learning(template_id: str) -> None:
    _nudge("invoices.tasks.run_learning", template_id)


def nudge_rereading(document_id: str, *, at_once: bool = False) -> None:
    _nudge("invoices.tasks.run_rereading", document_id, at_once)


def nudge_mailbox(mailbox_id: str) -> None:
    _nudge("invoices.tasks.run_mailbox", mailbox_id)


def _nudge(task: str, subject: str, *more: object) -> None:
    try:
        async_task(task, subject, *more)
    except Exception:
        logger.exception("The queue did not take a nudge for %s; the sweeper sends another.", subject)


def size() -> int | None:
    """Nudges that nobody has taken yet; None where the queue cannot be asked."""
    try:
        return int(get_broker().queue_size())
    except Exception:
        logger.exception("The queue could not be asked.")
        return None
