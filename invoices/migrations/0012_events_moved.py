"""Events belong to invoicedata now; their table is not touched."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("invoices", "0011_add_roles"), ("invoicedata", "0006_move_events")]
    operations = [migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Event")])]
