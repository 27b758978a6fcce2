"""What a tenant may use: requests a minute, uploads and bytes a day, jobs that wait."""

from invoicedata.limits import DAY, MINUTE, Limit, request_permits, take
from invoicedata.models import Mga
from invoices.errors import RateLimitedError
from invoices.models import Job

QUEUE_SECONDS = 30  # after which it is worth trying again where too many jobs wait
MEGABYTE = 1_000_000


def take_request(mga: Mga) -> None:
    """Raises RateLimitedError."""
    limit = Limit("requests", mga.limit("requests_per_minute"), MINUTE)
    if not request_permits.take(limit, mga.pk):
        raise RateLimitedError(f"At most {limit.most:,} requests a minute are taken.", limit.seconds_left())


def take_upload(mga: Mga, size: int) -> None:
    """For an upload of `size` bytes. Raises RateLimitedError, and then nothing is used up but the upload."""
    queued = mga.limit("max_queued_jobs")
    if queued and Job.objects.filter(mga=mga, state=Job.State.QUEUED).count() >= queued:
        raise RateLimitedError(f"{queued:,} of your documents wait to be read; no more are taken.", QUEUE_SECONDS)
    uploads = Limit("uploads", mga.limit("uploads_per_day"), DAY)
    if not take(uploads, mga.pk):
        raise RateLimitedError(f"At most {uploads.most:,} uploads a day are taken.", uploads.seconds_left())
    megabytes = mga.limit("megabytes_per_day")
    volume = Limit("bytes", megabytes * MEGABYTE, DAY)
    if not take(volume, mga.pk, size):
        raise RateLimitedError(f"At most {megabytes:,} MB a day are taken.", volume.seconds_left())
