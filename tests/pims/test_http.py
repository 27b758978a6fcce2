"""The HTTP wrapper and the state that workers share, against a server that misbehaves."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from hypothesis import given
from hypothesis import strategies as st

from pims.errors import (
    PimsAuthError,
    PimsConfigError,
    PimsError,
    PimsProtocolError,
    PimsRateLimited,
    PimsUnavailable,
)
from pims.http import Http, Limits, Rate, check_address
from pims.models import ConnectionState
from pims.state import OPEN_FOR, wait_for
from tests.pims.conftest import Practice
from tests.pims.stub import Fault

SECRETS = ("secret", "ezyvet-token-1", "aroha@example.test")


def test_a_token_that_ended_is_fetched_anew_once(ezyvet: Practice) -> None:
    ezyvet.search("112345")
    ezyvet.mount.revoke_tokens()
    assert ezyvet.search("112345")
    assert ezyvet.mount.token_calls == 2


def test_credentials_that_are_never_taken_are_told_after_two_tokens(ezyvet: Practice) -> None:
    ezyvet.mount.fault("*", Fault(401), always=True)
    with pytest.raises(PimsAuthError, match="credentials"):
        ezyvet.search("112345")
    assert ezyvet.mount.token_calls == 2


def test_a_wrong_secret_is_told(ezyvet: Practice) -> None:
    ezyvet.connection.secrets = '{"partner_id": "p", "client_id": "c", "client_secret": "wrong"}'
    with pytest.raises(PimsAuthError, match="credentials"):
        ezyvet.search("112345")


def test_two_workers_share_one_token(ezyvet: Practice) -> None:
    other = Practice(ezyvet.mount, ezyvet.connection)
    assert ezyvet.search("112345") and other.search("112345")
    ezyvet.mount.issue_token()  # somebody else signed in: the shared token is worth nothing now
    assert other.search("112345") and ezyvet.search("112345")
    assert ezyvet.mount.token_calls == 2


def test_retry_after_is_waited_for(ezyvet: Practice) -> None:
    ezyvet.mount.fault("invoice", Fault(429, {"Retry-After": "1"}))
    assert ezyvet.search("112345")
    assert ezyvet.clock.waits == [1.0]


def test_a_reset_header_is_waited_for(ezyvet: Practice) -> None:
    ezyvet.mount.fault("invoice", Fault(429, {"x-ratelimit-reset": "1"}))
    assert ezyvet.search("112345")
    assert ezyvet.clock.waits == [1.0]


def test_a_date_in_retry_after_is_waited_for(ezyvet: Practice) -> None:
    ezyvet.mount.fault("invoice", Fault(503, {"Retry-After": "Mon, 10 Mar 2025 00:00:04 GMT"}))
    assert ezyvet.search("112345")
    assert ezyvet.clock.waits == [4.0]


def test_a_wait_beyond_the_deadline_is_told_at_once(ezyvet: Practice) -> None:
    ezyvet.mount.fault("invoice", Fault(429, {"Retry-After": "600"}))
    with pytest.raises(PimsRateLimited) as caught:
        ezyvet.search("112345")
    assert caught.value.retry_after == 600
    assert ezyvet.clock.waits == []


def test_two_server_errors_are_survived(ezyvet: Practice) -> None:
    ezyvet.mount.fault("invoice", Fault(500), Fault(502))
    assert ezyvet.search("112345")
    assert len(ezyvet.clock.waits) == 2


def test_the_breaker_opens_after_five_failures_and_lets_one_call_find_out(ezyvet: Practice) -> None:
    ezyvet.search("112345")
    ezyvet.mount.fault("*", Fault(500), always=True)
    for _ in range(2):
        with pytest.raises(PimsUnavailable):
            ezyvet.search("112345")
    asked = len(ezyvet.mount.calls)
    assert asked == 1 + 5
    other = Practice(ezyvet.mount, ezyvet.connection)
    other.clock.moment = ezyvet.clock.moment
    with pytest.raises(PimsUnavailable, match="several times"):
        other.search("112345")
    assert len(ezyvet.mount.calls) == asked
    other.clock.moment += OPEN_FOR
    with pytest.raises(PimsUnavailable):
        other.search("112345")
    assert len(ezyvet.mount.calls) == asked + 1, "one probe only"
    ezyvet.mount.mend()
    other.clock.moment += OPEN_FOR
    assert other.search("112345")
    assert ConnectionState.objects.get().open_until is None


@pytest.mark.parametrize(
    "fault",
    [
        Fault(how="reset"),
        Fault(how="truncated", body='{"items": ['),
        Fault(how="drip"),
    ],
    ids=lambda fault: fault.how,
)
def test_a_broken_connection_is_unavailable(ezyvet: Practice, fault: Fault) -> None:
    ezyvet.search("112345")
    ezyvet.seconds = 0.4 if fault.how == "drip" else 20.0
    ezyvet.mount.fault("*", fault, always=True)
    with pytest.raises(PimsUnavailable):
        ezyvet.search("112345")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(200, {"Content-Type": "text/html"}, "<html>Maintenance</html>"), "not JSON"),
        (Fault(200, body='{"items": ['), "broken JSON"),
        (Fault(200, body=f'{{"items": "{"x" * 6 * 1024**2}"}}'), "larger than 5 MB"),
        (Fault(200, body="[]"), "no items"),
        (Fault(200, body='{"items": [], "messages": [{"level": "error"}]}'), "error message"),
        (Fault(200, body='{"items": [7]}'), "not a record"),
        (Fault(302, {"Location": "http://127.0.0.1:1/"}), "redirect"),
        (Fault(400, body='{"detail": "no"}'), "refused"),
    ],
)
def test_an_answer_of_another_kind_is_told(ezyvet: Practice, fault: Fault, reason: str) -> None:
    ezyvet.mount.fault("invoice", fault, always=True)
    with pytest.raises(PimsProtocolError, match=reason):
        ezyvet.search("112345")


def test_a_missing_amount_is_told_and_never_zero(ezyvet: Practice) -> None:
    del ezyvet.mount.tables["invoice"][0]["subtotal"]
    with pytest.raises(PimsProtocolError, match=r"invoice\.subtotal") as caught:
        ezyvet.search("112345")
    assert "line_item" in caught.value.keys


def test_the_vendors_limit_is_kept_by_waiting(ezyvet: Practice) -> None:
    ConnectionState.objects.create(
        connection=ezyvet.connection, calls={"invoice": [[ezyvet.clock.moment.timestamp() - 57, 60]]}
    )
    assert ezyvet.search("112345")
    assert sum(ezyvet.clock.waits) == pytest.approx(3, abs=0.01)


def test_a_limit_that_outlasts_the_lookup_is_told_and_nothing_sent(ezyvet: Practice) -> None:
    ConnectionState.objects.create(
        connection=ezyvet.connection, calls={"payment": [[ezyvet.clock.moment.timestamp() - 1, 180]]}
    )
    with pytest.raises(PimsRateLimited):
        ezyvet.search("112345")
    assert ezyvet.mount.calls == []


@given(st.lists(st.floats(0, 60), max_size=30), st.integers(1, 10))
def test_no_span_ever_has_more_calls_than_allowed(moments: list[float], most: int) -> None:
    limits = Limits(each=Rate(most, 10))
    made: list[list[float]] = []
    for wanted in sorted(moments):
        at = max(wanted, made[-1][0] if made else 0.0)
        at += wait_for({"x": made}, "x", 1, limits, at)
        made.append([at, 1])
    assert all(sum(1 for at, _ in made if first <= at < first + 9.999) <= most for first, _ in made)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "ftp://api.example.com",
        "https://user:word@api.example.com",
        "https://api.example.com/#x",
        "https://",
        "api.example.com",
        "https://api.example.com:99999",
    ],
)
def test_an_address_that_calls_do_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(PimsConfigError):
        check_address(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "localhost"])
def test_private_networks_are_closed_but_for_named_hosts(ezyvet: Practice, settings: Any, host: str) -> None:
    settings.PIMS_PRIVATE_HOSTS = []
    ezyvet.connection.options = {"base_url": f"https://{host}:8443"}
    with pytest.raises(PimsConfigError, match="private"):
        ezyvet.search("112345")


def test_links_to_other_addresses_are_not_followed(ezyvet: Practice) -> None:
    def ask(connector: Any) -> None:
        http: Http = connector._http
        for url in (
            "http://127.0.0.1:1/v1/invoice",
            f"{http.base_url}.evil/x",
            f"{http.base_url}/../x",
            "file:///etc/x",
        ):
            with pytest.raises(PimsProtocolError, match="not followed"):
                http.get_link(url, endpoint="invoice")

    ezyvet.ask(ask)
    assert ezyvet.mount.calls == []


def test_secrets_are_encrypted_at_rest_and_never_logged(ezyvet: Practice, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ezyvet.find("112345")
    ezyvet.mount.fault("*", Fault(how="reset"), always=True)
    with pytest.raises(PimsError) as caught:
        ezyvet.search("112345")
    with database.cursor() as cursor:
        cursor.execute("SELECT token FROM pims_connectionstate UNION SELECT secrets FROM pims_connection")
        stored = str(cursor.fetchall())
    shown = caplog.text + repr(caught.value) + str(caught.value.__context__)
    assert "GET invoice" in caplog.text
    assert not [secret for secret in SECRETS if secret in stored or secret in shown]


def test_settings_that_are_missing_or_unknown_are_named(ezyvet: Practice) -> None:
    ezyvet.connection.options |= {"base_ulr": "x"}
    with pytest.raises(PimsConfigError, match="base_ulr"):
        ezyvet.search("112345")
    ezyvet.connection.options, ezyvet.connection.secrets = {}, "{}"
    with pytest.raises(PimsConfigError, match="partner_id"):
        ezyvet.search("112345")


def test_a_worker_that_died_while_signing_in_holds_the_others_up_for_seconds_only(ezyvet: Practice) -> None:
    ConnectionState.objects.create(
        connection=ezyvet.connection, token_fetch_until=ezyvet.clock.moment + timedelta(seconds=15)
    )
    assert ezyvet.search("112345")
    assert 15 <= sum(ezyvet.clock.waits) < 16
