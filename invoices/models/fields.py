"""Model fields that several models share."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F

from invoicedata.identifiers import new_id
from invoicedata.models import Mga


class MoneyField(models.DecimalField):
    """An amount in the document's currency, two decimals; null where it is not known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 14)
        kwargs.setdefault("decimal_places", 2)
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)


class QuantityField(MoneyField):
    """A quantity or a unit price: up to six decimals (0.028 of a vial, 4.125 kg at 7.3333)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(*args, **kwargs)


class ConfidenceField(models.FloatField):
    """A probability, 0..1."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", 0.0)
        kwargs.setdefault("validators", [MinValueValidator(0.0), MaxValueValidator(1.0)])
        super().__init__(*args, **kwargs)


def confidence_constraint(model: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(confidence__gte=0, confidence__lte=1), name=f"{model}_confidence_0_to_1"
    )


class UnknownLastIndex(models.Index):
    """A tenant's rows by a column, descending, the unknown last; read backwards: ascending, the unknown first. SQLite
    orders like that by itself, and does not let an index say so."""

    def __init__(self, column: str, *, name: str) -> None:
        self.column = column
        super().__init__(F("mga"), F(column).desc(nulls_last=True), F("id").desc(), name=name)

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.vendor != "sqlite":
            return super().create_sql(model, schema_editor, using, **kwargs)
        plain = models.Index(fields=["mga", f"-{self.column}", "-id"], name=self.name)
        return plain.create_sql(model, schema_editor, using, **kwargs)

    def deconstruct(self) -> Any:
        return "invoices.models.fields.UnknownLastIndex", (self.column,), {"name": self.name}


class TenantQuerySet(models.QuerySet[Any]):
    def for_mga(self, mga: Mga | str) -> "TenantQuerySet":
        return self.filter(mga=mga)


class PrefixedIdField(models.CharField):
    """A primary key such as `inv_0192…`: opaque to clients, growing with time."""

    def __init__(self, prefix: str, *args: Any, **kwargs: Any) -> None:
        self.prefix = prefix
        kwargs |= {"primary_key": True, "max_length": 40, "editable": False}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for implied in ("primary_key", "max_length", "editable"):
            kwargs.pop(implied, None)
        return name, path, [self.prefix, *args], kwargs

    def get_default(self) -> str:
        return new_id(self.prefix)

    def has_default(self) -> bool:
        return True
