"""The index behind searches in PostgreSQL (pg_trgm): which invoices hold some letters, without reading them all.

Made after every migration where it is missing, beside the work of the service. Where the role may not create the
extension, searches work without, and take longer: `CREATE EXTENSION pg_trgm` by who may, then `manage.py migrate`.
"""

import logging
from typing import Any

from django.db import DatabaseError, connections

logger = logging.getLogger(__name__)

# As the ORM writes `icontains` and `contains` (`invoices.api.invoices.filters`).
SEARCHED = (
    "(upper(supplier_name::text)) gin_trgm_ops",
    "(upper(filename::text)) gin_trgm_ops",
    "(upper(invoice_number::text)) gin_trgm_ops",
    "(number_key::text) gin_trgm_ops",
)
IS_WHOLE = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('invoice_search')"


def install(using: str = "default", **_: Any) -> None:
    """A receiver of `post_migrate`."""
    connection = connections[using]
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return
    if "invoices_invoice" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        cursor.execute(IS_WHOLE)
        found = cursor.fetchone()
        if found == (True,):
            return
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            if found:  # its making was broken off
                cursor.execute("DROP INDEX CONCURRENTLY invoice_search")
            columns = ", ".join(SEARCHED)
            cursor.execute(f"CREATE INDEX CONCURRENTLY invoice_search ON invoices_invoice USING gin ({columns})")
        except DatabaseError as error:
            logger.warning("Searches will take longer, there is no index for them: %s", error)
