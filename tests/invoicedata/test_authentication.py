"""Every way to hold a token wrongly, through the real address."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from invoicedata.models import AccessToken, Mga, Permission, SigningKey
from invoicedata.tokens import AUDIENCE, ISSUER, issue_token, revoke_all_tokens, revoke_token, rotate_signing_key
from tests.factories import make_mga

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/invoice/requests/req_00000000000000000000000000000000"
MESSAGES = {
    "AUTH_TOKEN_MISSING": "Authentication token is required",
    "AUTH_TOKEN_INVALID": "Invalid or malformed authentication token",
    "AUTH_TOKEN_EXPIRED": "Authentication token has expired",
}
MISSING, INVALID, EXPIRED = MESSAGES


def ask(authorization: str | None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return Client(raise_request_exception=False).get(ADDRESS, headers=headers)


def segment(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forge(key: str | None = None, header: dict[str, Any] | None = None, drop: str = "", **changes: Any) -> str:
    """A token that is right but for what is changed; signed with our key unless another one is given."""
    mga = Mga.objects.filter(pk="acme").first() or make_mga("acme")
    issued = issue_token(mga)
    ours = SigningKey.objects.get()
    claims = jwt.decode(issued, options={"verify_signature": False}) | changes
    claims.pop(drop, None)
    headers = {"kid": ours.kid} | (header or {})
    # PyJWT checks what it encodes; we want to send what it would not.
    signed = f"{segment({'alg': 'HS256', 'typ': 'JWT'} | headers)}.{segment(claims)}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        signed.encode(), (key or ours.secret).encode()
    )
    return f"{signed}.{segment(signature)}"


def now() -> int:
    return int(time.time())


def swapped_payload() -> str:
    header, _, signature = issue_token(make_mga()).split(".")
    return f"{header}.{segment({'mga_id': 'other'})}.{signature}"


def without_signature() -> str:
    header, payload, _ = issue_token(make_mga()).split(".")
    return f"{header}.{payload}."


def alg_none() -> str:
    _, payload, _ = issue_token(make_mga()).split(".")
    return f"{segment({'alg': 'none', 'typ': 'JWT'})}.{payload}."


def revoked() -> str:
    token = issue_token(make_mga())
    revoke_token(AccessToken.objects.get())
    return token


def all_revoked() -> str:
    mga = make_mga()
    token = issue_token(mga)
    revoke_all_tokens(mga)
    return token


def of_a_tenant_that_is_gone() -> str:
    mga = make_mga()
    token = issue_token(mga)
    mga.events.all().delete()
    mga.delete()
    return token


def of_a_dropped_key() -> str:
    token = issue_token(make_mga())
    rotate_signing_key(keep_old=False)
    return token


def of_a_key_whose_time_is_over() -> str:
    token = issue_token(make_mga())
    rotate_signing_key()
    SigningKey.objects.exclude(verifies_until=None).update(verifies_until=timezone.now() - timedelta(seconds=1))
    return token


def with_anothers_id() -> str:
    make_mga("victim")
    return forge(mga_id="victim")


WRONG_TOKENS: dict[str, Callable[[], str]] = {
    "no token at all": lambda: "abc",
    "two segments": lambda: "abc.def",
    "four segments": lambda: "a.b.c.d",
    "dots only": lambda: "..",
    "not base64": lambda: "!!.??.$$",
    "beyond ASCII": lambda: "é.ü.ß",
    "very long": lambda: "a" * 8000,
    "header is a list": lambda: f"{segment([1])}.{segment({})}.x",
    "header nested deeply": lambda: f"{segment(b'[' * 5000)}.{segment({})}.x",
    "payload nested deeply": lambda: f"{segment({'alg': 'HS256'})}.{segment(b'[' * 5000)}.x",
    "alg none": alg_none,
    "signature removed": without_signature,
    "payload swapped": swapped_payload,
    "another key": lambda: forge(key="k" * 64),
    "another algorithm in the header": lambda: forge(header={"alg": "HS512"}),
    "alg RS256": lambda: forge(header={"alg": "RS256"}),
    "kid missing": lambda: forge(header={"kid": None}),
    "kid unknown": lambda: forge(header={"kid": "0" * 16}),
    "kid with NUL": lambda: forge(header={"kid": "0" * 15 + "\0"}),
    "kid is a path": lambda: forge(header={"kid": "../../dev/null"}),
    "kid is a number": lambda: forge(header={"kid": 7}),
    "mga_id missing": lambda: forge(drop="mga_id"),
    "mga_id empty": lambda: forge(mga_id=""),
    "mga_id is a list": lambda: forge(mga_id=["acme"]),
    "mga_id of another tenant": with_anothers_id,
    "permissions missing": lambda: forge(drop="permissions"),
    "permissions is text": lambda: forge(permissions="invoice:process"),
    "permissions holds a number": lambda: forge(permissions=[1]),
    "iat missing": lambda: forge(drop="iat"),
    "iat in the future": lambda: forge(iat=now() + 3600, exp=now() + 7200),
    "iat is text": lambda: forge(iat="now"),
    "exp missing": lambda: forge(drop="exp"),
    "exp is text": lambda: forge(exp="tomorrow"),
    "exp beyond every calendar": lambda: forge(exp=10**24),
    "lives longer than 24 hours": lambda: forge(exp=now() + 26 * 3600),
    "jti missing": lambda: forge(drop="jti"),
    "jti unknown": lambda: forge(jti=uuid.uuid4().hex),
    "jti is no id": lambda: forge(jti="1 OR 1=1"),
    "iss of somebody else": lambda: forge(iss="elsewhere"),
    "iss missing": lambda: forge(drop="iss"),
    "aud of somebody else": lambda: forge(aud="elsewhere"),
    "token_type refresh": lambda: forge(token_type="refresh"),
    "expired and forged": lambda: forge(key="k" * 64, iat=now() - 7200, exp=now() - 3600),
    "revoked": revoked,
    "all revoked": all_revoked,
    "tenant is gone": of_a_tenant_that_is_gone,
    "key dropped": of_a_dropped_key,
    "key's time is over": of_a_key_whose_time_is_over,
}


@pytest.mark.parametrize("name", WRONG_TOKENS)
def test_a_wrong_token_is_invalid(name: str) -> None:
    assert_refused(ask(f"Bearer {WRONG_TOKENS[name]()}"), INVALID)


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, MISSING),
        ("", MISSING),
        ("   ", MISSING),
        ("Bearer", INVALID),
        ("Bearer a b", INVALID),
        ("Basic dXNlcjpwYXNz", INVALID),
        ("Token {token}", INVALID),
        ("{token}", INVALID),
        ("Bearer: {token}", INVALID),
        ("Bearer,{token}", INVALID),
    ],
)
def test_a_wrong_header_is_refused(authorization: str | None, code: str) -> None:
    token = issue_token(make_mga())
    assert_refused(ask(authorization and authorization.format(token=token)), code)


def test_an_expired_token_is_told_from_an_invalid_one() -> None:
    assert_refused(ask(f"Bearer {forge(iat=now() - 7200, exp=now() - 1)}"), EXPIRED)


def assert_refused(response: Any, code: str) -> None:
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    body = response.json()
    assert body["error"] == {"code": code, "message": MESSAGES[code]}
    assert (body["status"], body["requestId"]) == ("failed", response["X-Request-ID"])


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_good_token_is_let_in_however_the_scheme_is_written(scheme: str) -> None:
    assert ask(f"{scheme}  {issue_token(make_mga())}").status_code == 404


def test_our_own_forgery_tool_makes_good_tokens() -> None:
    assert ask(f"Bearer {forge()}").status_code == 404
    assert ask(f"Bearer {forge(iss=ISSUER, aud=AUDIENCE, mga_id='acme')}").status_code == 404


def test_revoking_acts_on_the_next_request() -> None:
    token = issue_token(make_mga())
    assert ask(f"Bearer {token}").status_code == 404
    revoke_token(AccessToken.objects.get())
    assert ask(f"Bearer {token}").status_code == 401


def test_a_token_issued_after_all_were_revoked_is_good() -> None:
    mga = make_mga()
    revoke_all_tokens(mga)
    assert ask(f"Bearer {issue_token(mga)}").status_code == 404


def test_narrowing_the_record_acts_on_the_next_request() -> None:
    token = issue_token(make_mga())
    AccessToken.objects.update(permissions=[Permission.INVOICES_READ])
    assert ask(f"Bearer {token}").status_code == 403


def test_no_valid_request_fails_while_the_key_is_rotated() -> None:
    mga = make_mga()
    tokens = [issue_token(mga)]
    for _ in range(3):
        rotate_signing_key()
        tokens.append(issue_token(mga))
        assert [ask(f"Bearer {token}").status_code for token in tokens] == [404] * len(tokens)


def test_a_token_that_lacks_the_permission_is_forbidden() -> None:
    response = ask(f"Bearer {issue_token(make_mga(), permissions=[Permission.INVOICES_READ])}")
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "AUTH_PERMISSION_DENIED"
    assert "WWW-Authenticate" not in response


def test_claims_cannot_make_staff(client: Client) -> None:
    token = forge(is_staff=True, is_superuser=True)
    response = client.get("/admin/", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 302
