"""Postgres itself refuses to change or delete audit entries.

Only an entry that is not sealed yet may be given its place in the chain. TRUNCATE stays possible:
it takes the owner of the table, who could drop the trigger as well, and tests empty tables with it.
SQLite has no such trigger: who can open the file can change it, and there the chain has to show it.
"""

from django.db import migrations

FORBID = """
CREATE FUNCTION accounts_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.sequence IS NULL
        AND to_jsonb(NEW) - ARRAY['sequence', 'previous', 'digest']
          = to_jsonb(OLD) - ARRAY['sequence', 'previous', 'digest']
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit entries are append-only';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_is_append_only();
"""
ALLOW = """
DROP TRIGGER audit_is_append_only ON accounts_auditentry;
DROP FUNCTION accounts_audit_is_append_only();
"""


def _forbid(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FORBID)


def _allow(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ALLOW)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_organizations_run_themselves")]

    operations = [migrations.RunPython(_forbid, _allow, elidable=False)]
