"""Which tenants a member of staff may see, and the admin that shows no others."""

from typing import Any, TypeVar

from django.contrib.admin import RelatedFieldListFilter
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from invoicedata.models import Mga, StaffLimit

TENANT_PATHS = {"mga": "pk", "connection": "mga"}  # from what a foreign key leads to, to its tenant
Row = TypeVar("Row", bound=Model)


def tenant_ids(user: Any) -> frozenset[str] | None:
    """The tenants that a person is limited to; None: all. Asked once for each user object, that is for each request."""
    if not hasattr(user, "_tenant_ids"):
        limit = None if user.is_superuser else StaffLimit.objects.filter(user=user.pk).first()
        found = frozenset(limit.tenants.values_list("pk", flat=True)) if limit else None
        user._tenant_ids = found
    own: frozenset[str] | None = user._tenant_ids
    return own


def tenants_of(user: Any) -> QuerySet[Mga]:
    """The tenants that a person may see, by name."""
    return visible(Mga.objects.order_by("name"), user, "pk")


def visible(rows: QuerySet[Row], user: Any, path: str = "mga") -> QuerySet[Row]:
    """Of some rows those of the person's tenants. path: the lookup that leads from a row to its tenant."""
    ids = tenant_ids(user)
    return rows if ids is None else rows.filter(**{f"{path}__in": ids})


def may_see(user: Any, mga_id: str) -> bool:
    ids = tenant_ids(user)
    return ids is None or mga_id in ids


class TenantAdmin:
    """For a ModelAdmin or an inline whose rows belong to tenants: who is limited sees, finds and chooses only their
    own. tenant_path: the lookup that leads from a row to its tenant."""

    tenant_path = "mga"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return visible(rows, request.user, self.tenant_path)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        path = TENANT_PATHS.get(db_field.name)
        if path is not None:
            kwargs["queryset"] = visible(db_field.related_model._default_manager.all(), request.user, path)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class OwnTenantsFilter(RelatedFieldListFilter):
    """A filter by tenant, or by what belongs to one, that offers no other tenants' choices."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        ids = tenant_ids(request.user)
        limit = {} if ids is None else {f"{TENANT_PATHS[field.name]}__in": ids}
        ordering = self.field_admin_ordering(field, request, model_admin)
        choices: list[tuple[str, Any]] = field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to=limit
        )
        return choices


class ServiceAdmin:
    """For a ModelAdmin of what belongs to the whole service: nobody who is limited to some tenants comes near it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return tenant_ids(request.user) is None and super().has_module_permission(request)  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return tenant_ids(request.user) is None and super().has_view_permission(request, obj)  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return tenant_ids(request.user) is None and super().has_add_permission(request)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return tenant_ids(request.user) is None and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return tenant_ids(request.user) is None and super().has_delete_permission(request, obj)  # type: ignore[misc]
