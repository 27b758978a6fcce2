import uuid
from datetime import timedelta
from io import StringIO
from typing import Any

import jwt
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from invoicedata.models import AccessToken, Mga, Permission, SigningKey, WebhookSecret
from invoicedata.tokens import (
    TokenRequestError,
    find_token,
    issue_token,
    revoke_token,
    rotate_signing_key,
)
from tests.factories import make_mga

pytestmark = pytest.mark.django_db


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def run(*command: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*command, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_token_carries_the_contracts_claims() -> None:
    found = claims(issue_token(make_mga("acme")))
    assert found["mga_id"] == "acme"
    assert found["permissions"] == ["invoice:process", "invoice:lookup", "invoices:read", "invoices:write"]
    assert found["exp"] - found["iat"] == 24 * 3600
    assert uuid.UUID(found["jti"])


def test_a_token_names_its_key_and_is_signed_with_hs256() -> None:
    header = jwt.get_unverified_header(issue_token(make_mga()))
    assert header["alg"] == "HS256"
    assert header["kid"] == SigningKey.objects.get().kid


def test_only_the_record_of_a_token_is_kept() -> None:
    token = issue_token(make_mga(), permissions=[Permission.INVOICE_LOOKUP], note="claims team")
    record = AccessToken.objects.get()
    assert str(record.jti) == str(uuid.UUID(claims(token)["jti"]))
    assert (record.permissions, record.note) == (["invoice:lookup"], "claims team")
    assert token not in [str(value) for value in AccessToken.objects.values().get().values()]


@pytest.mark.parametrize("hours", [0, -1, 24.01, 1000])
def test_a_lifetime_beyond_the_contracts_is_refused(hours: float) -> None:
    with pytest.raises(TokenRequestError, match="at most 24 hours"):
        issue_token(make_mga(), lifetime=timedelta(hours=hours))


def test_an_unknown_permission_is_refused() -> None:
    with pytest.raises(TokenRequestError, match="'invoice:delete'"):
        issue_token(make_mga(), permissions=["invoice:delete"])


def test_a_token_is_found_by_its_text_and_by_its_id() -> None:
    token = issue_token(make_mga())
    record = AccessToken.objects.get()
    assert find_token(token) == find_token(str(record.jti)) == find_token(record.jti.hex) == record


@pytest.mark.parametrize("text", ["", "nothing", "a.b.c", str(uuid.UUID(int=7)), "\0"])
def test_what_is_no_token_is_not_found(text: str) -> None:
    assert find_token(text) is None


def test_revoking_twice_keeps_the_first_moment() -> None:
    issue_token(make_mga())
    record = AccessToken.objects.get()
    revoke_token(record)
    first = AccessToken.objects.get().revoked_at
    revoke_token(record)
    assert AccessToken.objects.get().revoked_at == first is not None


def test_rotation_makes_a_new_key_and_lets_the_old_one_verify_for_a_tokens_life() -> None:
    mga = make_mga()
    issue_token(mga)
    old = SigningKey.objects.get()
    new = rotate_signing_key()
    old.refresh_from_db()
    assert jwt.get_unverified_header(issue_token(mga))["kid"] == new.kid != old.kid
    assert old.verifies_until is not None
    assert timedelta(hours=24) < old.verifies_until - timezone.now() < timedelta(hours=25)


def test_keys_are_long_enough_and_differ() -> None:
    keys = {rotate_signing_key().secret for _ in range(3)}
    assert len(keys) == 3
    assert all(len(key) >= 43 for key in keys)


def test_create_mga_prints_only_the_webhook_secret() -> None:
    out, err = run("create_mga", "hotel-1", "--name", "Royal Oak", "--currency", "gbp", "--time-zone", "Europe/London")
    assert out == WebhookSecret.objects.get().secret + "\n"
    assert "Royal Oak" in err
    mga = Mga.objects.get()
    assert (mga.pk, mga.default_currency, mga.time_zone) == ("hotel-1", "GBP", "Europe/London")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["a b"], "Letters, digits"),
        (["../x"], "Letters, digits"),
        (["x" * 65], "64 characters"),
        (["ok", "--currency", "dollars"], "ISO 4217"),
        (["ok", "--time-zone", "Mars/Olympus"], "time zone"),
    ],
)
def test_create_mga_says_what_is_wrong(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        run("create_mga", *arguments)
    assert not Mga.objects.exists()


def test_a_tenant_is_made_once() -> None:
    make_mga("acme")
    with pytest.raises(CommandError, match="already exists"):
        run("create_mga", "acme")


def test_issue_token_prints_only_the_token() -> None:
    make_mga("acme")
    out, err = run("issue_token", "acme", "--permission", "invoice:lookup", "--hours", "0.5")
    assert err == ""
    assert out.endswith("\n")
    found = claims(out.strip())
    assert (found["permissions"], found["exp"] - found["iat"]) == (["invoice:lookup"], 1800)


@pytest.mark.parametrize("hours", ["25", "0", "-3", "nan", "inf"])
def test_issue_token_refuses_odd_hours(hours: str) -> None:
    make_mga("acme")
    with pytest.raises(CommandError, match="at most 24"):
        run("issue_token", "acme", f"--hours={hours}")
    assert not AccessToken.objects.exists()


def test_issue_token_needs_a_tenant() -> None:
    with pytest.raises(CommandError, match="create_mga"):
        run("issue_token", "nobody")


def test_revoke_token_takes_the_token_itself() -> None:
    token = issue_token(make_mga())
    out, err = run("revoke_token", token)
    assert out == ""
    assert "revoked" in err
    assert AccessToken.objects.get().revoked_at is not None


def test_revoke_token_knows_only_what_was_issued() -> None:
    with pytest.raises(CommandError, match="No such token"):
        run("revoke_token", str(uuid.uuid4()))


def test_rotate_signing_key_prints_the_new_keys_id() -> None:
    out, _ = run("rotate_signing_key")
    assert out.strip() == SigningKey.objects.get().kid
