"""Where an organization's results may be sent; the credential goes in and never comes out."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminURLInputWidget

from accounts import audit
from accounts.administration import Scoped, prove
from accounts.kinds import Event
from insights.models import AtsConnection

STORED = {True: _("stored"), False: _("not stored")}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class AtsConnectionForm(forms.ModelForm):
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
        widget=UnfoldAdminURLInputWidget,
        help_text=_("https only"),
    )

    def clean_base_url(self) -> str:
        url = str(self.cleaned_data["base_url"])
        parts = urlsplit(url)
        if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
            raise ValidationError(_("The address begins with https://."))
        if parts.username is not None or parts.password is not None:
            raise ValidationError(_("The address holds no name or password."))
        return url

    def clean(self) -> dict[str, Any]:
        """Let a stored credential go only where it was meant to go."""
        cleaned: dict[str, Any] = super().clean() or {}
        before = urlsplit(self.initial.get("base_url", ""))
        after = urlsplit(cleaned.get("base_url", ""))
        moved = (before.scheme, before.netloc) != (after.scheme, after.netloc)
        if self.initial and moved and not cleaned.get("secret"):
            self.add_error("secret", _("The address is another one: enter its credential."))
        return cleaned


@admin.register(AtsConnection)
class AtsConnectionAdmin(Scoped):
    acts = frozenset({"view", "add", "change", "delete"})
    icon, title = "hub", _("ATS connections")
    summary = _("Applicant tracking systems that results may be sent to")
    form = AtsConnectionForm
    list_display = ["name", "kind", "base_url", "has_credential", "is_active"]
    list_select_related = ["organization"]
    fields = ["name", "kind", "base_url", "secret", "has_credential", "is_active"]
    readonly_fields = ["has_credential"]
    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if obj else [name for name in fields if name != "has_credential"]

    @display(description=_("stored credential"), label={STORED[True]: "success"})
    def has_credential(self, connection: AtsConnection) -> Any:
        return STORED[connection.__dict__.get("credential") is not None]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # Asked for before the form is filled in: a credential does not wait in the session store.
        prove(request, keep=False)
        return super().get_form(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if credential := form.cleaned_data["secret"]:
            obj.credential = credential
        obj.save()
        if form.changed_data:
            self._note(obj, change="changed" if change else "added")

    def delete_model(self, request: HttpRequest, obj: AtsConnection) -> None:
        prove(request)
        self._note(obj, change="removed")
        obj.delete()

    def _note(self, obj: AtsConnection, change: str) -> None:
        audit.record(
            Event.ATS_CHANGED,
            organization_id=obj.organization_id,
            obj=obj,
            details={"change": change},
        )
