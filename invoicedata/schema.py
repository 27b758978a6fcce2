"""Operations of migrations that leave the tables in use."""

from typing import Any

from django.db import migrations


class AddIndexOnline(migrations.AddIndex):
    """On PostgreSQL the index is built beside the work of the service (CREATE INDEX CONCURRENTLY), which waits for
    nothing. The migration needs `atomic = False`."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_index(model, self.index, concurrently=True)
