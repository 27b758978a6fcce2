"""The bearer token of a request: who asks, and what for."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError

from invoicedata.models import AccessToken, Mga
from invoicedata.tokens import ApiToken


class AuthTokenMissing(exceptions.NotAuthenticated):
    default_code = "AUTH_TOKEN_MISSING"
    default_detail = "Authentication token is required"


class AuthTokenInvalid(exceptions.AuthenticationFailed):
    """record: that of the token, where it is a real one, and not one to use (any more)."""

    default_code = "AUTH_TOKEN_INVALID"
    default_detail = "Invalid or malformed authentication token"

    def __init__(self, record: AccessToken | None = None) -> None:
        super().__init__()
        self.record = record


class AuthTokenExpired(exceptions.AuthenticationFailed):
    default_code = "AUTH_TOKEN_EXPIRED"
    default_detail = "Authentication token has expired"


@dataclass(frozen=True, slots=True)
class Principal:
    """What `request.user` is on the API: a tenant's token. It is no Django user and can never be staff."""

    mga: Mga
    permissions: frozenset[str]
    token_id: UUID
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. Without the header the request stays anonymous; anything else that is no valid
    token is refused."""

    def authenticate(self, request: Request) -> tuple[Principal, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if len(parts) != 2 or parts[0].lower() != b"bearer":
            raise AuthTokenInvalid
        try:
            token = ApiToken(parts[1])  # type: ignore[arg-type]  # it takes the text, whatever its annotation says
        except ExpiredTokenError as error:
            raise AuthTokenExpired from error
        except TokenError as error:
            raise AuthTokenInvalid from error
        return self.principal(token), token

    def principal(self, token: ApiToken) -> Principal:
        """The record of the token decides at each request: what is revoked there, or narrowed, is so at once."""
        record = token.record
        if record is None or record.mga_id != token["mga_id"]:
            raise AuthTokenInvalid
        if not record.is_usable(timezone.now()):
            raise AuthTokenInvalid(record)
        return Principal(record.mga, token.permissions & frozenset(record.permissions), record.jti)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="invoice-data"'


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "jwtToken"  # contract 1's name of it

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
