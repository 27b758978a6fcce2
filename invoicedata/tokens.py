"""Who may use the API: tenants, the access tokens they are given, and the keys that sign these (HS256)."""

import re
import secrets
import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any, ClassVar, cast

import jwt
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.utils import timezone
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken, TokenError
from rest_framework_simplejwt.tokens import Token

from invoicedata.events import record_event
from invoicedata.models import AccessToken, Mga, Permission, SigningKey, WebhookSecret
from invoicedata.rows import columns, fetch_planned, instance

ALGORITHM = "HS256"
ISSUER = "invoicedata"
AUDIENCE = "invoicedata-api"
CLOCK_SLACK = timedelta(seconds=60)  # a token may seem to live this much longer than TOKEN_LIFETIME
KEY_ID = re.compile(r"[0-9a-f]{16}")


class TokenRequestError(ValueError):
    """A token, tenant or key was asked for that cannot be given; the message says why."""

    code: ClassVar[str] = "TOKEN_REQUEST_REFUSED"


class KeyringBackend(TokenBackend):
    """Signs with the newest key and names it in `kid`; verifies with the key that `kid` names. One for each token:
    `record` is that of the token it has read, where there is one."""

    record: AccessToken | None = None

    def encode(self, payload: dict[str, Any]) -> str:
        key = newest_key()
        claims = payload | {"iss": self.issuer, "aud": self.audience}
        return jwt.encode(claims, key.secret, algorithm=self.algorithm, headers={"kid": key.kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        claims = signed_claims(token, self.get_verifying_key(token))
        expires = claims.get("exp")
        if type(expires) is int and expires <= timezone.now().timestamp():
            raise TokenBackendExpiredToken("Token is expired")
        return dict(claims)

    def get_verifying_key(self, token: Any) -> str:
        kid, jti = named_in(token)
        key, self.record = find_key_and_record(kid, jti)
        if key is None or (key.verifies_until is not None and key.verifies_until <= timezone.now()):
            raise TokenBackendError("Token is signed with a key that is not in use")
        return key.secret


@lru_cache(maxsize=1024)
def signed_claims(token: bytes, secret: str) -> dict[str, Any]:
    """What the key has signed for this service; whether it has expired is not looked at. What was signed once
    stays signed, so it is remembered. Raises TokenBackendError."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token, secret, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options={"verify_exp": False}
        )
    except jwt.InvalidTokenError as error:
        raise TokenBackendError("Token is invalid") from error
    return claims


@lru_cache(maxsize=1024)
def named_in(token: bytes) -> tuple[str, uuid.UUID | None]:
    """The ids of the key and of the token, as it says itself: nothing is verified. Raises TokenBackendError."""
    try:
        unverified = jwt.decode_complete(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise TokenBackendError("Token is malformed") from error
    kid = unverified["header"].get("kid")
    if not isinstance(kid, str) or not KEY_ID.fullmatch(kid):
        raise TokenBackendError("Token names no key")
    return kid, token_id(unverified["payload"].get("jti"))


# By hand, and one for all of it: asked at each request.
FIND_KEY_AND_RECORD = f"""
SELECT {columns(SigningKey, "signing")}, {columns(AccessToken, "record")}, {columns(Mga, "mga")}
FROM {SigningKey._meta.db_table} AS signing
LEFT JOIN {AccessToken._meta.db_table} AS record ON record.jti = %s
LEFT JOIN {Mga._meta.db_table} AS mga ON mga.mga_id = record.mga_id
WHERE signing.kid = %s
"""
KEY_END = len(SigningKey._meta.concrete_fields)
RECORD_END = KEY_END + len(AccessToken._meta.concrete_fields)


def find_key_and_record(kid: str, jti: uuid.UUID | None) -> tuple[SigningKey | None, AccessToken | None]:
    """The signing key, and the record of a token with its tenant. Nothing of what asks for them is verified yet."""
    rows = fetch_planned(FIND_KEY_AND_RECORD, [AccessToken._meta.pk.get_db_prep_value(jti, connection), kid])
    if not rows:
        return None, None
    row = rows[0]
    record = instance(AccessToken, row[KEY_END:RECORD_END])
    if record is not None:
        record.mga = cast("Mga", instance(Mga, row[RECORD_END:]))
    return instance(SigningKey, row[:KEY_END]), record


def token_id(text: Any) -> uuid.UUID | None:
    """None for what is no token's id."""
    try:
        return uuid.UUID(text)
    except (ValueError, TypeError, AttributeError):
        return None


class ApiToken(Token):
    """The signed token. Its claims: mga_id, permissions, iat, exp, jti, token_type, iss, aud."""

    token_type = "access"
    lifetime = settings.TOKEN_LIFETIME

    @cached_property
    def backend(self) -> KeyringBackend:
        return KeyringBackend(ALGORITHM, issuer=ISSUER, audience=AUDIENCE)

    def get_token_backend(self) -> TokenBackend:
        return self.backend

    @property
    def record(self) -> AccessToken | None:
        """As it stood when the token was read; it decides whether the token may be used."""
        return self.backend.record

    def verify(self) -> None:
        """Raises TokenError when a claim is missing or is not what we issue."""
        for claim in ("iat", "exp"):
            if type(self.payload.get(claim)) is not int:
                raise TokenError(f"Token has no whole number as {claim}")
        if self.payload["exp"] - self.payload["iat"] > (settings.TOKEN_LIFETIME + CLOCK_SLACK).total_seconds():
            raise TokenError("Token lives too long")
        if not isinstance(self.payload.get("mga_id"), str) or not self.payload["mga_id"]:
            raise TokenError("Token names no MGA")
        permissions = self.payload.get("permissions")
        if not isinstance(permissions, list) or not all(isinstance(name, str) for name in permissions):
            raise TokenError("Token has no list of permissions")
        if token_id(self.payload.get("jti")) is None:
            raise TokenError("Token has no id")
        super().verify()

    @property
    def permissions(self) -> frozenset[str]:
        return frozenset(self.payload["permissions"])


def create_mga(mga_id: str, *, name: str = "", currency: str = "", time_zone: str = "UTC") -> tuple[Mga, str]:
    """The new tenant and its webhook secret. Raises ValidationError for values that a tenant cannot have."""
    mga = Mga(mga_id=mga_id, name=name or mga_id, default_currency=currency.upper(), time_zone=time_zone)
    mga.full_clean()
    with transaction.atomic():
        mga.save(force_insert=True)
        secret = WebhookSecret.objects.create(mga=mga)
        record_event(mga, mga.pk, "tenant.created")
    return mga, secret.secret


def issue_token(
    mga: Mga,
    *,
    permissions: Sequence[str] | None = None,
    lifetime: timedelta | None = None,
    note: str = "",
    actor: AbstractBaseUser | None = None,
) -> str:
    """A new access token; only its record is kept, so the text is seen this once.

    permissions: values of Permission; None gives all. lifetime: above zero, at most TOKEN_LIFETIME (the default).
    Raises TokenRequestError.
    """
    granted = list(Permission.values) if permissions is None else list(dict.fromkeys(permissions))
    if unknown := [name for name in granted if name not in Permission.values]:
        raise TokenRequestError(f"There is no permission {unknown[0]!r}; there are {', '.join(Permission.values)}.")
    lifetime = settings.TOKEN_LIFETIME if lifetime is None else lifetime
    if not timedelta(0) < lifetime <= settings.TOKEN_LIFETIME:
        most = settings.TOKEN_LIFETIME.total_seconds() / 3600
        raise TokenRequestError(f"A token lives more than 0 and at most {most:g} hours.")
    token = ApiToken()
    token.set_exp(lifetime=lifetime)
    token["mga_id"] = mga.mga_id
    token["permissions"] = granted
    with transaction.atomic():
        AccessToken.objects.create(
            jti=uuid.UUID(token["jti"]),
            mga=mga,
            permissions=granted,
            note=note[:200],
            issued_at=token.current_time,
            expires_at=token.current_time + lifetime,
        )
        record_event(mga, token["jti"], "token.issued", actor=actor, data={"permissions": granted})
        return str(token)


def find_token(text: str) -> AccessToken | None:
    """The record of a token, by its id or by the token itself (expired or not, of any key)."""
    jti: Any = text
    if text.count(".") == 2:
        try:
            jti = jwt.decode(text, options={"verify_signature": False}).get("jti")
        except jwt.InvalidTokenError:
            return None
    pk = token_id(jti)
    return None if pk is None else AccessToken.objects.filter(pk=pk).first()


def revoke_token(token: AccessToken, *, actor: AbstractBaseUser | None = None) -> None:
    """Refused from the next request on. Revoking twice keeps the first moment."""
    with transaction.atomic():
        if AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            record_event(token.mga, str(token.pk), "token.revoked", actor=actor)


def revoke_all_tokens(mga: Mga, *, actor: AbstractBaseUser | None = None) -> None:
    """Every token issued to the tenant so far is refused from the next request on."""
    mga.tokens_valid_after = timezone.now()
    with transaction.atomic():
        mga.save(update_fields=["tokens_valid_after"])
        record_event(mga, mga.pk, "tokens.revoked", actor=actor)


def newest_key() -> SigningKey:
    """The key that signs; the first one is made when it is first needed."""
    return SigningKey.objects.filter(verifies_until=None).order_by("-created_at", "kid").first() or _create_key()


def rotate_signing_key(*, keep_old: bool = True) -> SigningKey:
    """A new key signs from now on. The old ones verify until their tokens have expired; not at all without `keep_old`
    (a key that leaked)."""
    now = timezone.now()
    until = now + settings.TOKEN_LIFETIME + CLOCK_SLACK if keep_old else now
    with transaction.atomic():
        old = SigningKey.objects.filter(verifies_until=None)
        if not keep_old:
            old = SigningKey.objects.exclude(verifies_until__lte=now)
        old.update(verifies_until=until)
        key = _create_key()
        record_event(None, key.kid, "signing_key.rotated", data={"old_one_verifies": keep_old})
        return key


def _create_key() -> SigningKey:
    # 64 characters of 6 random bits each: above the 256 bits that HS256 wants of a key.
    return SigningKey.objects.create(kid=secrets.token_hex(8), secret=secrets.token_urlsafe(48))


def rotate_webhook_secret(
    mga: Mga, overlap: timedelta, *, after: timedelta = timedelta(0), actor: AbstractBaseUser | None = None
) -> str:
    """A new secret, shown this once. It signs in `webhook-signature` at once, and alone in `X-Request-Signature` from
    `after` on; until `overlap` after that the old ones sign in `webhook-signature` too."""
    takes_over = timezone.now() + after
    with transaction.atomic():
        WebhookSecret.objects.filter(mga=mga, valid_until=None).update(valid_until=takes_over + overlap)
        secret = WebhookSecret.objects.create(mga=mga, signs_from=takes_over)
        record_event(mga, mga.pk, "webhook_secret.rotated", actor=actor)
        return secret.secret
