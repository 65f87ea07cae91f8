"""Where an organization's results may be sent; the credential goes in and never comes out."""

from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
)

from accounts import audit, limits
from accounts.administration import Scoped, prove
from accounts.kinds import Event
from copilot.lib.outgoing import Allowed, Refused
from insights.admin.mapping import mapping_page
from insights.ats import KINDS
from insights.ats.base import AtsError
from insights.ats.registry import Option
from insights.deliveries import connections, wording
from insights.models import AtsConnection

STORED = {True: _("stored"), False: _("not stored")}
TRIES_A_MINUTE = 10


def _name(kind: str, option: Option) -> str:
    return f"{kind}_{option.name}"


def _option_field(kind: str, option: Option) -> forms.Field:
    """Return the field of a system's own setting; who chose another system leaves it empty."""
    system = AtsConnection.Kind(kind).label
    told: dict[str, Any] = {
        "label": f"{system}: {gettext(option.label)}",
        "help_text": gettext(option.help) if option.help else "",
        "required": False,
    }
    if option.choices:
        choices = [("", "—"), *((choice, choice) for choice in option.choices)]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **told)
    return forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget, **told)


OPTIONS = {
    _name(kind, option): (kind, option) for kind, about in KINDS.items() for option in about.options
}


class _BaseForm(forms.ModelForm):
    secret = forms.CharField(  # the model's own field is not editable: it would be shown
        label=_("Credential"),
        required=False,
        max_length=4000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("The key the system gave you. It is never shown again; empty keeps it."),
    )

    base_url = forms.URLField(
        label=_("Address"),
        assume_scheme="https",
        required=False,
        widget=UnfoldAdminURLInputWidget,
        help_text=_("https only. Empty: the system's usual one, where it has one for everybody."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (kind, option) in OPTIONS.items():
            if name in self.fields and self.instance.kind == kind:
                self.fields[name].initial = self.instance.options.get(option.name, "")
        about = KINDS.get(self.instance.kind)
        if about is not None and "secret" in self.fields:
            kept = self.fields["secret"].help_text
            where = gettext(about.credential_help)
            self.fields["secret"].help_text = f"{gettext(about.credential_label)}. {where} {kept}"

    def clean(self) -> dict[str, Any]:
        """Let a stored credential go only where it was meant to go."""
        cleaned: dict[str, Any] = super().clean() or {}
        kind = cleaned.get("kind", "")
        if kind in KINDS and "base_url" not in self.errors:
            self._check_address(cleaned, kind)
        before = urlsplit(self.initial.get("base_url", ""))
        after = urlsplit(cleaned.get("base_url", ""))
        moved = (before.scheme, before.netloc) != (after.scheme, after.netloc)
        if self.initial.get("base_url") and moved and not cleaned.get("secret"):
            self.add_error("secret", _("The address is another one: enter its credential."))
        for name, (whose, option) in OPTIONS.items():
            if whose == kind and option.required and not cleaned.get(name):
                self.add_error(name, _("This system needs it."))
        return cleaned

    def _check_address(self, cleaned: dict[str, Any], kind: str) -> None:
        url = cleaned["base_url"] = cleaned.get("base_url") or KINDS[kind].base_url
        if not url:
            self.add_error("base_url", gettext(KINDS[kind].address_help))
            return
        try:
            Allowed(settings.INTERVIEW_OUTGOING_ALLOW).check(url)
        except Refused as refused:
            what, fix = wording.sentences(refused.code)
            self.add_error("base_url", ValidationError(f"{what} {fix}"))

    def options(self) -> dict[str, str]:
        """Return the settings of the chosen system, without the empty ones."""
        return {
            option.name: self.cleaned_data[name]
            for name, (kind, option) in OPTIONS.items()
            if kind == self.cleaned_data["kind"] and self.cleaned_data.get(name)
        }


AtsConnectionForm = type(
    "AtsConnectionForm",
    (_BaseForm,),
    {name: _option_field(kind, option) for name, (kind, option) in OPTIONS.items()},
)


@admin.register(AtsConnection)
class AtsConnectionAdmin(Scoped):
    acts = frozenset({"view", "add", "change", "delete"})
    icon, title = "hub", _("ATS connections")
    summary = _("Applicant tracking systems that results may be sent to")
    form = AtsConnectionForm
    list_display = ["name", "kind", "base_url", "has_credential", "tried", "is_active"]
    list_select_related = ["organization"]
    fields = [
        "name",
        "kind",
        "base_url",
        "secret",
        "has_credential",
        *OPTIONS,
        "tried",
        "mapped",
        "is_active",
    ]
    readonly_fields = ["has_credential", "tried", "mapped"]
    conditional_fields = {name: f"kind == '{kind}'" for name, (kind, _option) in OPTIONS.items()}
    actions = None
    change_form_outer_after_template = "admin/insights/try.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        hidden = set() if obj else {"has_credential", "tried", "mapped"}
        if obj and obj.kind != AtsConnection.Kind.GENERIC:
            hidden.add("mapped")
        return [name for name in fields if name not in hidden]

    @display(description=_("stored credential"), label={STORED[True]: "success"})
    def has_credential(self, connection: AtsConnection) -> Any:
        return STORED[connection.__dict__.get("credential") is not None]

    @admin.display(description=_("last try"))
    def tried(self, connection: AtsConnection) -> str:
        if connection.checked_at is None:
            return gettext("not tried yet")
        if not connection.check_error:
            at = timezone.localtime(connection.checked_at)
            return gettext("worked, %(at)s") % {"at": f"{at:%Y-%m-%d %H:%M}"}
        return " ".join(wording.sentences(connection.check_error))

    @admin.display(description=_("mapping"))
    def mapped(self, connection: AtsConnection) -> str:
        place = reverse("admin:insights_atsconnection_mapping", args=[connection.pk])
        text = gettext("Edit the mapping") if connection.mapping else gettext("Make the mapping")
        return format_html('<a class="underline" href="{}">{}</a>', place, text)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # Asked for before the form is filled in: a credential does not wait in the session store.
        prove(request, keep=False)
        return super().get_form(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if credential := form.cleaned_data["secret"]:
            obj.credential = credential
        obj.options = form.options()
        obj.save()
        if form.changed_data:
            self._note(obj, change="changed" if change else "added")

    def delete_model(self, request: HttpRequest, obj: AtsConnection) -> None:
        prove(request)
        self._note(obj, change="removed")
        obj.delete()

    # --- to try it, and to map it

    def get_urls(self) -> list[URLPattern]:
        own = {"mapping": self.mapping, "try": self.try_connection}
        mine = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"insights_atsconnection_{name}",
            )
            for name, view in own.items()
        ]
        return [*mine, *super().get_urls()]

    def try_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the system who the key is; nothing is written there."""
        if request.method != "POST":
            raise Http404
        connection = self._mine(request, object_id)
        limits.take(f"ats.try.{request.user.pk}", TRIES_A_MINUTE)
        try:
            who = connections.check(connection)
        except AtsError as error:
            messages.error(request, " ".join(wording.sentences(error.code)))
        else:
            messages.success(request, gettext("It works: the key is of %(who)s.") % {"who": who})
        place = reverse("admin:insights_atsconnection_change", args=[connection.pk])
        return HttpResponseRedirect(place)

    def mapping(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show, try and save how the push of a generic connection looks."""
        connection = self._mine(request, object_id)
        if connection.kind != AtsConnection.Kind.GENERIC:
            raise Http404
        context = {**self.admin_site.each_context(request), **self._frame(None)}
        return mapping_page(request, connection, context, self._note)

    def _mine(self, request: HttpRequest, object_id: str) -> AtsConnection:
        try:
            found = self.get_queryset(request).filter(pk=UUID(object_id)).first()
        except ValueError:
            found = None
        if found is None or not self.has_change_permission(request, found):
            raise Http404
        return cast(AtsConnection, found)

    def _note(self, obj: AtsConnection, change: str) -> None:
        audit.record(
            Event.ATS_CHANGED,
            organization_id=obj.organization_id,
            obj=obj,
            details={"change": change},
        )
