"""Events come down to the ground floor, where sign-ins, tokens and settings are: the table stays where it is."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def move_permissions(apps, schema_editor):
    """Roles may go on seeing events: the permissions hang on the model's content type."""
    kinds = apps.get_model("contenttypes", "ContentType").objects
    if not kinds.filter(app_label="invoicedata", model="event").exists():
        kinds.filter(app_label="invoices", model="event").update(app_label="invoicedata")


class Migration(migrations.Migration):
    dependencies = [
        ("invoicedata", "0005_add_staff_limit"),
        ("invoices", "0011_add_roles"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("subject", models.CharField(max_length=40)),
                        ("action", models.CharField(max_length=60)),
                        ("data", models.JSONField(blank=True, default=dict)),
                        ("at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "actor",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "mga",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="events",
                                to="invoicedata.mga",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "invoices_event",
                        "ordering": ("-at", "-id"),
                        "indexes": [models.Index(fields=["subject", "at"], name="event_subject")],
                    },
                ),
            ],
        ),
        migrations.RunPython(move_permissions, migrations.RunPython.noop),
    ]
