from django.db import migrations

REVIEWED = "document page practice invoice invoiceline payment correction deliverynote deliverynoteline pairing finding"
PRACTICE_SYSTEMS = "connection connectionstate customerlink importbatch pimsrecord amendment"
SEEN_BY_REVIEWERS = [f"invoices.view_{name}" for name in f"{REVIEWED} suppliertemplate event".split()]
ROLES = {
    "Reviewer": [*SEEN_BY_REVIEWERS, "invoices.change_invoice"],
    "Lead": [
        *SEEN_BY_REVIEWERS,
        "invoices.change_invoice",
        "invoices.assign_invoice",
        "invoices.change_suppliertemplate",
        "invoices.change_practice",
        "invoices.add_document",
        "invoices.change_document",
    ],
    "Operator": [
        *SEEN_BY_REVIEWERS,
        *(f"invoices.view_{name}" for name in "job invoicerequest webhookdelivery webhookattempt erasure".split()),
        *(f"pims.view_{name}" for name in PRACTICE_SYSTEMS.split()),
        "invoicedata.view_mga",
        "invoices.add_document",
        "invoices.change_document",
        "invoices.change_webhookdelivery",
        "pims.add_connection",
        "pims.change_connection",
        *(f"pims.{action}_customerlink" for action in ("add", "change", "delete")),
    ],
}


def make_roles(apps, schema_editor):
    """The permissions themselves are made after all migrations: what a role needs is made here where it is missing."""
    for role, wanted in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        group.permissions.add(*[permission(apps, name) for name in wanted])


def permission(apps, name):
    app, codename = name.split(".")
    action, model = codename.split("_")
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app, model=model)
    labels = {"assign": "Can hand invoices to others, and approve many at once"}
    label = labels.get(action, f"Can {action} {model}")
    return apps.get_model("auth", "Permission").objects.get_or_create(
        codename=codename, content_type=kind, defaults={"name": label}
    )[0]


class Migration(migrations.Migration):

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("pims", "0002_add_connection_state"),
        ("invoices", "0010_add_schedule_start"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="invoice",
            options={
                "ordering": ("-created_at", "-id"),
                "permissions": [("assign_invoice", "Can hand invoices to others, and approve many at once")],
            },
        ),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
    ]
