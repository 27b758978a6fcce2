"""Records of unpaid invoices are asked for again, as a schedule of the workers."""

from django.db import migrations
from django.utils import timezone

NAME = "refresh_pims"


def add_schedule(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.get_or_create(
        name=NAME,
        defaults={
            "func": "invoices.tasks.refresh_pims",
            "schedule_type": "I",
            "minutes": 15,
            "next_run": timezone.now(),
            "repeats": -1,
        },
    )


def remove_schedule(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("invoices", "0014_add_reconciliation"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(add_schedule, remove_schedule)]
