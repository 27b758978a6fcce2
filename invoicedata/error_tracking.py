"""Errors are told to Sentry, or to what speaks its protocol, where SENTRY_DSN names one."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured


def start_error_tracking(dsn: str, environment: str) -> None:
    """Every logged error from now on, with its traceback, without personal data. Raises ImproperlyConfigured."""
    try:
        import sentry_sdk
        from sentry_sdk.utils import BadDsn
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, but sentry-sdk is not installed: pip install sentry-sdk."
        ) from error
    try:
        sentry_sdk.init(
            dsn,
            environment=environment,
            send_default_pii=False,
            include_local_variables=False,  # they hold what was read from invoices
            max_request_body_size="never",
            traces_sample_rate=0,
            before_send=without_personal_data,
        )
    except BadDsn as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is not valid: it must be like https://key@sentry.example.com/1."
        ) from error


def without_personal_data(event: Any, hint: Any) -> Any:
    """Addresses hold customer ids and tokens are in headers: the path's pattern is told as the event's transaction."""
    if "request" in event:
        event["request"] = {"method": event["request"].get("method", "")}
    event.pop("user", None)
    event.pop("breadcrumbs", None)
    return event
