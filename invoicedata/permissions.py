"""What a token allows."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from invoicedata.authentication import Principal


class HasTokenPermission(BasePermission):
    """The token holds a permission that the view names for the method: `required_permissions = {"GET": (…,)}`.

    A method that the view has but does not name is refused.
    """

    code = "AUTH_PERMISSION_DENIED"
    message = "The authentication token does not permit this operation"

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method not in view.allowed_methods:
            return isinstance(request.user, Principal)  # the view answers 405
        required = view.required_permissions.get("GET" if request.method == "HEAD" else request.method, ())
        return isinstance(request.user, Principal) and not request.user.permissions.isdisjoint(required)
