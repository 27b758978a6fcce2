"""What the queue calls. Each takes a row's id, and may be called twice or never: the row decides."""


def run_job(job_id: str) -> None:
    from invoices.services import processing

    processing.run_job(job_id)


def run_delivery(delivery_id: str) -> None:
    from invoices.services import deliveries

    deliveries.deliver(delivery_id)
