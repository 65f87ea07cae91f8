"""Give drafts that are there the time that new ones have, counted from now: nobody was told."""

from datetime import timedelta
from typing import Any

from django.db import migrations
from django.utils import timezone


def give_time(apps: Any, schema_editor: Any) -> None:
    organizations = apps.get_model("accounts", "Organization").objects.using(
        schema_editor.connection.alias
    )
    sessions = apps.get_model("interviews", "Session").objects.using(schema_editor.connection.alias)
    for pk, days in organizations.values_list("pk", "draft_days"):
        drafts = sessions.filter(organization=pk, status="draft", expires_at=None)
        drafts.update(expires_at=timezone.now() + timedelta(days=days))


class Migration(migrations.Migration):
    dependencies = [
        ("interviews", "0005_consent_and_erasure"),
        ("accounts", "0008_privacy"),
    ]

    operations = [migrations.RunPython(give_time, migrations.RunPython.noop)]
