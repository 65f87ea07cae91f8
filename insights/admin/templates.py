"""Templates of summaries: which sections, in which order, under which titles."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts import audit
from accounts.administration import Scoped, managed
from accounts.kinds import Event
from insights.models import SummaryTemplate
from insights.summaries.sections import COMPETENCIES, TITLE_CHARS, TITLES, checked


def _labelled(text: Any, title: Any) -> Any:
    """Return a label that names its section too: who hears the form hears no table."""
    return lazy(lambda: str(text) % {"section": title}, str)()


def _fields() -> Iterator[tuple[str, forms.Field]]:
    for place, (key, title) in enumerate(TITLES.items(), start=1):
        yield (
            f"{key}_shown",
            forms.BooleanField(
                label=_labelled(_("Show “%(section)s”"), title),
                required=False,
                initial=True,
                widget=UnfoldBooleanSwitchWidget,
            ),
        )
        yield (
            f"{key}_place",
            forms.IntegerField(
                label=_labelled(_("Place of “%(section)s”"), title),
                min_value=1,
                max_value=99,
                initial=place,
                widget=UnfoldAdminIntegerFieldWidget,
            ),
        )
        if key != COMPETENCIES:  # which have their own names
            yield (
                f"{key}_title",
                forms.CharField(
                    label=_labelled(_("Title instead of “%(section)s”"), title),
                    required=False,
                    max_length=TITLE_CHARS,
                    widget=UnfoldAdminTextInputWidget,
                ),
            )


class _Base(forms.ModelForm):
    organizations: frozenset[Any] = frozenset()  # of whoever fills it in

    class Meta:
        model = SummaryTemplate
        fields = ("name", "guidance", "is_default", "organization")
        widgets = {  # read by Django as it stands
            "guidance": UnfoldAdminTextareaWidget(attrs={"rows": 3})
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = {section["key"]: section for section in self.instance.sections}
        order = [*stored, *(key for key in TITLES if key not in stored)]
        for place, key in enumerate(order, start=1):
            section = stored.get(key, {"title": "", "hidden": False})
            self.initial[f"{key}_place"] = place
            self.initial[f"{key}_shown"] = not section["hidden"]
            self.initial[f"{key}_title"] = section["title"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        known = [key for key in TITLES if cleaned.get(f"{key}_place") is not None]
        found = [
            {
                "key": key,
                "title": cleaned.get(f"{key}_title", ""),
                "hidden": not cleaned.get(f"{key}_shown"),
            }
            for key in sorted(known, key=lambda key: cleaned[f"{key}_place"])
        ]
        if len(found) == len(TITLES):
            self.instance.sections = checked(found)
        self._check_name(cleaned)
        return cleaned

    def _check_name(self, cleaned: dict[str, Any]) -> None:
        organization = cleaned.get("organization")
        own = organization.pk if organization else self.instance.organization_id
        if own is None and len(self.organizations) == 1:
            (own,) = self.organizations
        others = SummaryTemplate.objects.filter(organization=own, name=cleaned.get("name", ""))
        if others.exclude(pk=self.instance.pk).exists():
            self.add_error("name", _("There is a template of this name."))

    def validate_constraints(self) -> None:
        """Leave the one default to `save_model`, which takes it from the other."""


TemplateForm = type("TemplateForm", (_Base,), dict(_fields()))


@admin.register(SummaryTemplate)
class SummaryTemplateAdmin(Scoped):
    acts = frozenset({"view", "add", "change", "delete"})
    icon, title = "article", _("Summary templates")
    summary = _("What the summaries of interviews hold, and in which order")
    form = TemplateForm
    list_display = ["name", "is_default", "updated_at"]
    list_select_related = ["organization"]
    fields = ["name", "is_default", "guidance"]
    actions = None

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        rows = [
            (f"{key}_shown", f"{key}_place", *([f"{key}_title"] if key != COMPETENCIES else []))
            for key in TITLES
        ]
        told = _("Smaller places come first. An empty title is the program's own.")
        return [
            (None, {"fields": self.get_fields(request, obj)}),
            (_("Sections"), {"fields": rows, "description": told}),
        ]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        form.organizations = managed(request)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if obj.is_default:
            others = SummaryTemplate.objects.filter(organization=obj.organization_id)
            others.exclude(pk=obj.pk).update(is_default=False)
        obj.save()
        if form.changed_data:
            _note(obj, "changed" if change else "added")

    def delete_model(self, request: HttpRequest, obj: SummaryTemplate) -> None:
        _note(obj, "removed")
        obj.delete()


def _note(obj: SummaryTemplate, change: str) -> None:
    audit.record(
        Event.TEMPLATE_CHANGED,
        organization_id=obj.organization_id,
        obj=obj,
        details={"change": change},
    )
