"""What the queue calls. A nudge may come twice or never: the rows decide."""


def run_job(job_id: str) -> None:
    """The job that the nudge is for, or one that has waited longer: there are as many nudges as jobs."""
    from invoices.services import processing

    processing.run_next()


def purge() -> None:
    from invoices.services import retention

    retention.run_purge()


def refresh_pims() -> None:
    from invoices.services import refreshing

    refreshing.run_refresh()


def run_learning(template_id: str) -> None:
    from invoices.services import learning

    learning.learn_template(template_id)


def run_rereading(document_id: str, at_once: bool = False) -> None:
    from invoices.services import rereading

    rereading.reread_next(document_id, at_once=at_once)


def look_into_mailboxes() -> None:
    from invoices.services import mail

    mail.nudge_mailboxes()


def run_mailbox(mailbox_id: str) -> None:
    from invoices.services import mail

    mail.read_mailbox(int(mailbox_id))


def recalibrate() -> None:
    from invoices.services import calibration

    calibration.fit_all()
