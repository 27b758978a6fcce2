"""The recipe of a job: read the document, look the invoice up, check, answer.

Reading and asking run outside any transaction. What comes of them is stored in two: the reading (so that a crash after
it does not cost the reading again), then the answer with the webhook that tells it.
"""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

import ocr
from invoicedata import metrics
from invoicedata.logs import log_as
from invoices.models import Document, Job
from invoices.services import completion, jobs
from invoices.services.cutting import cuts_of
from invoices.services.events import record_event
from invoices.services.findings import tell_of_failure
from invoices.services.intake import StorageUnavailableError, local_copy
from invoices.services.judging import judge_document
from invoices.services.reading import reader_options
from invoices.services.recording import record_reading
from invoices.services.rendering import draw_ahead
from invoices.services.templates import find_templates
from ocr.errors import ReaderCrashedError, ReadTimeoutError

logger = logging.getLogger(__name__)

CRASHED = "PROCESSING_CRASHED"
CRASHED_MESSAGE = (
    "Processing stopped several times and was given up. Send the document again, in another format if possible."
)
STORAGE_AWAY = "STORAGE_UNAVAILABLE"
STORAGE_AWAY_MESSAGE = "The stored file cannot be fetched for the moment. It is tried again until it can."


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document could not be processed, for the client."""

    code: str
    message: str


def run_job(job_id: str) -> None:
    """Does the job, if it is there to be done. Whoever else is at it, and however often this is called: one result."""
    job = jobs.claim(job_id)
    if job is not None:
        run(job)


def run_next() -> bool:
    """Does the job that has waited longest; False where there is none."""
    job = jobs.claim_next()
    if job is not None:
        run(job)
    return job is not None


def run(job: Job) -> None:
    with log_as(job.request_id or job.pk):
        try:
            with jobs.holding(job):
                process(job)
        except jobs.LostClaimError:
            logger.warning("Job %s was taken over by another worker; this result is dropped.", job.pk)
        except StorageUnavailableError:
            logger.exception("The file of job %s cannot be fetched; trying again.", job.pk)
            jobs.postpone(job, STORAGE_AWAY, STORAGE_AWAY_MESSAGE)
        except Exception:
            logger.exception("Job %s stopped at attempt %s.", job.pk, job.attempts)
            give_back(job, Failure(CRASHED, CRASHED_MESSAGE))
        else:
            prepare_review(job)


def prepare_review(job: Job) -> None:
    """The pictures that a reviewer will ask for, unless others wait to be read."""
    if job.document is not None and not Job.objects.claimable(timezone.now()).exists():
        draw_ahead(job.document)


def process(job: Job) -> None:
    document = job.document
    assert document is not None
    if document.state != Document.State.READ:
        failure = read_document(job, document)
        if failure is not None:
            return
    check_document(job, document)
    if job.request is not None:
        completion.complete(job, job.request)
    else:
        with transaction.atomic():
            jobs.finish(job)
    logger.info("Job %s is done.", job.pk)


def read_document(job: Job, document: Document) -> Failure | None:
    """Reads the file and stores what was read. What the file is to blame for ends the job; what may have been this
    machine's fault gives it back to be tried again."""
    try:
        with local_copy(document) as path:
            reading = ocr.read(path, reader_options(), find_templates(document.mga), cuts_of(document))
    except (ReaderCrashedError, ReadTimeoutError) as error:
        failure = Failure(error.code, str(error))
        give_back(job, failure)
        return failure
    except ocr.OcrError as error:
        failure = Failure(error.code, str(error))
        end_in_failure(job, failure)
        return failure
    count_reading(reading)
    with transaction.atomic():
        jobs.require_claim(job)
        record_reading(document, reading)
        record_event(document.mga, document.pk, "document.read", data={"seconds": round(reading.seconds, 2)})
    return None


def count_reading(reading: ocr.Reading) -> None:
    for page in reading.pages:
        metrics.PAGES.labels(page.engine or page.method.value).inc()
    for stage, seconds in reading.stages.items():
        metrics.STAGES.labels(stage).observe(seconds)


def check_document(job: Job, document: Document) -> None:
    with transaction.atomic():
        jobs.require_claim(job)
        judge_document(document)


def give_back(job: Job, failure: Failure) -> None:
    """Another attempt later, or the end where none is left."""
    if jobs.is_last_attempt(job):
        end_in_failure(job, failure)
    else:
        jobs.retry_later(job, failure.code, failure.message)


def end_in_failure(job: Job, failure: Failure) -> None:
    """The job is over: the document says why, and whoever asked is told, in one transaction."""
    try:
        with transaction.atomic():
            jobs.fail(job, failure.code, failure.message)
            fail_document(job.document, failure)
            if job.request is not None:
                completion.fail_request(job.request, failure.code, failure.message)
    except jobs.LostClaimError:
        logger.warning("Job %s was taken over by another worker; its failure is dropped.", job.pk)


def fail_document(document: Document | None, failure: Failure) -> None:
    if document is None or document.state == Document.State.READ:
        return
    document.state, document.error_code, document.error_message = Document.State.ERROR, failure.code, failure.message
    document.save(update_fields=["state", "error_code", "error_message"])
    tell_of_failure(document, failure.message)
    record_event(document.mga, document.pk, "document.failed", data={"code": failure.code})


def fail_abandoned(job: Job) -> None:
    """A job whose last attempt ended without a word: the worker died each time."""
    end_in_failure(job, Failure(CRASHED, CRASHED_MESSAGE))
