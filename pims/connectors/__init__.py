"""Connectors by name: each module of this package with a `CONNECTOR` is one, and nothing else names it."""

import importlib
import pkgutil

from pims.connectors.base import ConnectorType
from pims.errors import PimsConfigError

LOCAL = "local"


def get_connector(kind: str) -> ConnectorType:
    """Raises PimsConfigError for a name that no module has."""
    if kind not in {module.name for module in pkgutil.iter_modules(__path__)}:
        raise PimsConfigError(f"There is no connector {kind!r}.")
    module = importlib.import_module(f"{__name__}.{kind}")
    if not hasattr(module, "CONNECTOR"):
        raise PimsConfigError(f"There is no connector {kind!r}.")
    found: ConnectorType = module.CONNECTOR
    return found


def connector_choices() -> list[tuple[str, str]]:
    """(name, label) of all, the embedded one first."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [(m.__name__.rpartition(".")[2], m.CONNECTOR.label) for m in modules if hasattr(m, "CONNECTOR")]
    return sorted(found, key=lambda choice: (choice[0] != LOCAL, choice[1]))
