"""What an organization's admins set for it."""

from operator import itemgetter
from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import audit
from accounts.administration import Scoped, managed, prove, sees_everything
from accounts.kinds import Event
from accounts.models import Organization
from accounts.signals import announce

LANGUAGES = "ar ca cs de en es fr hi it ja ko nl pl pt ru sv tr uk vi zh".split()


def languages() -> list[tuple[str, str]]:
    info = {code: get_language_info("zh-hans" if code == "zh" else code) for code in LANGUAGES}
    return sorted(((code, of["name_translated"]) for code, of in info.items()), key=itemgetter(1))


class OrganizationForm(forms.ModelForm):
    country = forms.CharField(
        label=_("Country"),
        max_length=2,
        widget=UnfoldAdminTextInputWidget,
        validators=[RegexValidator(r"^[A-Za-z]{2}$", _("Two letters, such as US or DE."))],
        help_text=_("Two letters, such as US or DE. It decides what the law allows."),
    )
    language = forms.ChoiceField(
        label=_("Usual language"), choices=languages, widget=UnfoldAdminSelectWidget
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        choices=languages,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Languages interviews may be in."),
    )
    sentiment_enabled = forms.TypedChoiceField(
        label=_("Sentiment"),
        required=False,
        choices=[("", _("As the country's law has it")), ("True", _("On")), ("False", _("Off"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        widget=UnfoldAdminSelectWidget,
        help_text=_("By law: off in the EU and EEA, else on."),
    )

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = cleaned.get("languages")
        if chosen and cleaned.get("language") not in chosen:
            self.add_error("languages", _("The usual language is one of them."))
        most, usual = cleaned.get("retention_max_hours"), cleaned.get("retention_hours")
        if most is not None and usual is not None and usual > most:
            self.add_error("retention_max_hours", _("This is less than the usual retention."))
        return cleaned


@admin.register(Organization)
class OrganizationAdmin(Scoped):
    organization_path = "pk"
    acts = frozenset({"view", "change", "add"})
    icon, title = "tune", _("Settings")
    summary = _("Country, languages, retention, analysis, security")
    form = OrganizationForm
    list_display = ["name", "country", "language", "retention_hours", "require_second_factor"]
    search_fields = ["name", "slug"]
    fieldsets = [
        (_("Organization"), {"fields": ["name", "slug", "country"]}),
        (_("Interviews"), {"fields": ["language", "languages", "keep_names"]}),
        (
            _("Retention"),
            {"fields": ["retention_hours", "retention_max_hours", "draft_days"]},
        ),
        (
            _("Analysis"),
            {
                "fields": [
                    "analysis_enabled",
                    "sentiment_enabled",
                    "llm_daily_tokens",
                    "llm_concurrency",
                ]
            },
        ),
        (_("Security"), {"fields": ["require_second_factor"]}),
    ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Open the settings themselves where there is nothing to choose among."""
        if not sees_everything(request) and len(managed(request)) == 1:
            return redirect("admin:accounts_organization_change", *managed(request))
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return sees_everything(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [] if sees_everything(request) else ["slug"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        changed = sorted(form.changed_data)
        if "require_second_factor" in changed:
            prove(request)
        obj.save()
        if not changed:
            return
        audit.record(
            Event.SETTINGS_CHANGED, organization_id=obj.pk, obj=obj, details={"fields": changed}
        )
        if "require_second_factor" in changed:
            announce(obj.memberships.values_list("user_id", flat=True))
