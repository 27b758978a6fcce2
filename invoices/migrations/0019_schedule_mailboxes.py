"""Mailboxes are looked into each minute, where the settings switch them on, and operators set them up."""

from django.db import migrations
from django.utils import timezone

NAME = "mailboxes"
OPERATOR = ("view_mailbox", "add_mailbox", "change_mailbox", "view_mailmessage")


def add_schedule(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.get_or_create(
        name=NAME,
        defaults={
            "func": "invoices.tasks.look_into_mailboxes",
            "schedule_type": "I",
            "minutes": 1,
            "next_run": timezone.now(),
            "repeats": -1,
        },
    )


def remove_schedule(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


def grant(apps, schema_editor):
    """The permissions themselves are made after all migrations: they are made here where they are missing."""
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Operator")
    for codename in OPERATOR:
        action, model = codename.split("_")
        kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label="invoices", model=model)
        permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
            codename=codename, content_type=kind, defaults={"name": f"Can {action} {model}"}
        )
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("invoices", "0018_add_mailboxes"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [
        migrations.RunPython(add_schedule, remove_schedule),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
