"""The nightly purge, as a schedule of the workers."""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

NAME = "purge"


def add_schedule(apps, schema_editor):
    tomorrow = timezone.now() + timedelta(days=1)
    at = tomorrow.replace(hour=2, minute=30, second=0, microsecond=0)
    apps.get_model("django_q", "Schedule").objects.get_or_create(
        name=NAME, defaults={"func": "invoices.tasks.purge", "schedule_type": "D", "next_run": at, "repeats": -1}
    )


def remove_schedule(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("invoices", "0005_add_erasure"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(add_schedule, remove_schedule)]
