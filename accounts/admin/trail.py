"""The audit, to read and to export."""

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.administration import Scoped, prove, streamed
from accounts.kinds import Event
from accounts.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(Scoped):
    """Read and exported; nothing here changes an entry."""

    icon, title = "history", _("Audit")
    summary = _("Who did what, when and from where")
    fields = ["when", "actor", "action", "thing", "facts", "ip", "via", "sequence", "digest"]
    list_display = ["when", "actor", "action", "thing", "ip", "via"]
    list_filter = ["action", "at"]
    list_select_related = ["organization"]
    list_before_template = "admin/accounts/auditentry/export.html"
    search_fields = ["actor", "object_id"]
    search_help_text = _("Who, or the id of an object")
    actions = None

    FORMATS: dict[str, tuple[Callable[[QuerySet[AuditEntry]], Iterator[str]], str]] = {
        "csv": (audit.export_csv, "text/csv"),
        "jsonl": (audit.export_jsonl, "application/x-ndjson"),
    }

    @admin.display(description=_("when"), ordering="at")
    def when(self, entry: AuditEntry) -> str:
        return f"{localtime(entry.at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("object"))
    def thing(self, entry: AuditEntry) -> str:
        try:
            kind = apps.get_model(entry.object_type)._meta.verbose_name
        except (LookupError, ValueError):  # about nothing, or about what the product once had
            kind = entry.object_type or "–"
        return format_html(
            '<span>{} <small class="object-id">{}</small></span>', kind, entry.object_id
        )

    @admin.display(description=_("details"))
    def facts(self, entry: AuditEntry) -> str:
        return ", ".join(f"{name}: {value}" for name, value in entry.details.items()) or "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export)
        mine = [path("export/", view, name="accounts_auditentry_export")]
        return [*mine, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Send what the list shows, filtered as it is, as a file."""
        if not self.has_view_permission(request):
            raise Http404
        if request.method != "POST" or request.POST.get("format") not in self.FORMATS:
            return redirect("admin:accounts_auditentry_changelist")
        prove(request)
        kind = request.POST["format"]
        make, content_type = self.FORMATS[kind]
        request.GET = QueryDict(request.POST.get("filters", ""))
        try:
            found = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect("admin:accounts_auditentry_changelist")
        with transaction.atomic():
            for organization_id in (
                found.order_by().values_list("organization", flat=True).distinct()
            ):
                audit.record(
                    Event.AUDIT_EXPORTED, organization_id=organization_id, details={"format": kind}
                )
        response = StreamingHttpResponse(
            streamed(request, make(found)), content_type=f"{content_type}; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="audit.{kind}"'
        return response
