"""Metadata of interviews, and guides; nothing that was said, nothing about the candidate."""

import json
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from accounts.administration import (
    Scoped,
    ScopedStackedInline,
    ScopedTabularInline,
    managed,
    prove,
)
from accounts.models import Membership
from accounts.roles import ACTS, Act
from copilot.lib.errors import DomainError
from sessions import guides, receipts, retention, services
from sessions.guides.checks import TEXT_CHARS
from sessions.models import SCALE, Competency, Erasure, Guide, Question, Session


class HandOver(forms.Form):
    """To whom the interviews of a member go: a colleague of the same organization."""

    to = forms.ModelChoiceField(
        Membership.objects.none(), label=_("To"), widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, leaver: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.label_from_instance = lambda member: f"{member.user.display_name} ({member.user})"
        field.queryset = (
            Membership.objects.filter(
                organization=leaver.organization,
                is_active=True,
                user__is_active=True,
                role__in=[role for role, acts in ACTS.items() if Act.RECORD in acts],
            )
            .exclude(pk=leaver.pk)
            .select_related("user")
            .order_by("user__name", "user__email")
        )


@admin.register(Session)
class SessionAdmin(Scoped):
    acts = frozenset({"view", "change"})
    group, icon, title = "interviews", "forum", _("Interviews")
    summary = _("Who held which interview when, and legal holds; not what was said")
    list_display = [
        "title", "person", "status", "visibility", "created_at", "expires_at", "held",
    ]  # fmt: skip
    list_filter = [
        "status", "visibility", "legal_hold", ("owner", admin.RelatedOnlyFieldListFilter),
    ]  # fmt: skip
    list_select_related = ["owner", "organization"]
    search_fields = ["title", "job", "owner__name", "owner__email"]
    readonly_fields = [
        "title", "person", "job", "language", "status", "visibility", "planned_minutes",
        "created_at", "started_at", "ended_at", "expires_at",
    ]  # fmt: skip
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("title", "person"),
                    ("job", "language"),
                    ("status", "visibility"),
                    ("created_at", "planned_minutes"),
                    ("started_at", "ended_at"),
                    ("expires_at", "legal_hold"),
                ]
            },
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        # What is sealed is not even loaded, and what is being erased is not there.
        found = super().get_queryset(request).filter(wrapped_key__isnull=False)
        return found.defer("candidate_name", "candidate_email", "profile", "plan", "wrapped_key")

    @admin.display(description=_("owner"), ordering="owner__name")
    def person(self, session: Session) -> str:
        return session.owner.display_name

    @display(description=_("legal hold"), label="warning")
    def held(self, session: Session) -> Any:
        return _("held") if session.legal_hold else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if "legal_hold" in form.changed_data:
            if not obj.legal_hold:
                prove(request)
            retention.hold(session=obj, hold=obj.legal_hold)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log the id only: the entry outlives the interview and its title."""
        return LogEntry.objects.create(
            user_id=cast(int, request.user.pk),
            content_type=ContentType.objects.get_for_model(obj),
            object_id=obj.pk,
            object_repr=str(obj.pk),
            action_flag=CHANGE,
            change_message=message,
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.hand_over)
        mine = path("hand-over/<int:membership_id>/", view, name="interviews_session_hand_over")
        return [mine, *super().get_urls()]

    def hand_over(self, request: HttpRequest, membership_id: int) -> HttpResponse:
        """Ask who gets the interviews of a member, then give them."""
        leaver = (
            Membership.objects.filter(pk=membership_id, organization__in=managed(request))
            .select_related("user", "organization")
            .first()
        )
        if leaver is None:
            raise Http404
        form = HandOver(request.POST or None, leaver=leaver)
        if form.is_valid():
            prove(request)
            count = services.transfer_sessions(
                organization=leaver.organization,
                owner=leaver.user,
                to=form.cleaned_data["to"].user,
            )
            text = ngettext(
                "%d interview was handed over.", "%d interviews were handed over.", count
            )
            messages.success(request, text % count)
            return HttpResponseRedirect(reverse("admin:accounts_membership_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Hand over interviews"),
            "form": form,
            "leaver": leaver,
            "count": self.get_queryset(request)
            .filter(owner=leaver.user, organization=leaver.organization)
            .count(),
        }
        return render(request, "admin/interviews/session/hand_over.html", context)


@admin.register(Erasure)
class ReceiptAdmin(Scoped):
    group, icon, title = "interviews", "receipt_long", _("Receipts of erasure")
    summary = _("That interviews were erased, when and why; signed, without content")
    list_display = ["interview", "reason", "started_at", "finished_at"]
    list_filter = ["reason"]
    ordering = ["-started_at"]
    fields = ["interview", "reason", "started_at", "finished_at", "removed", "receipt"]
    readonly_fields = ["interview", "removed", "receipt"]

    @admin.display(description=_("interview"), ordering="session_id")
    def interview(self, erasure: Erasure) -> str:
        return str(erasure.session_id)

    @admin.display(description=_("what was removed"))
    def removed(self, erasure: Erasure) -> str:
        return ", ".join(f"{name} {count}" for name, count in sorted(erasure.counts.items()))

    @admin.display(description=_("receipt, to be given away"))
    def receipt(self, erasure: Erasure) -> Any:
        if erasure.finished_at is None:
            return _("Not signed yet: something is still being removed.")
        text = json.dumps(receipts.receipt_json(erasure), indent=2, ensure_ascii=False)
        # In a field of its own it wraps, and is chosen whole by one key.
        kept_whole = {"rows": 6 + text.count("\n"), "readonly": True, "spellcheck": "false"}
        label = {"aria-label": gettext("receipt, to be given away")}
        return UnfoldAdminTextareaWidget().render("receipt", text, {**kept_whole, **label})


@admin.action(description=_("Hand over interviews to a colleague"))
def hand_over(
    model_admin: Any, request: HttpRequest, chosen: QuerySet[Membership]
) -> HttpResponseRedirect:
    if len(chosen) != 1:
        raise DomainError(
            "one_at_a_time", gettext("Choose one person whose interviews to hand over.")
        )
    return HttpResponseRedirect(reverse("admin:interviews_session_hand_over", args=[chosen[0].pk]))


# The list of members is of a package that knows no interviews.
_members = admin.site.get_model_admin(Membership)
_members.actions = [*(_members.actions or []), hand_over]


class PlacedForm(forms.ModelForm):
    """A competency or question; an empty place is the last one."""

    position = forms.IntegerField(
        label=_("Place"),
        required=False,
        min_value=0,
        max_value=10_000,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial["position"] = None

    def clean_position(self) -> int:
        place: int | None = self.cleaned_data["position"]
        if place is not None:
            return place
        model = type(self.instance)
        parent = next(field for field in model._meta.fields if field.many_to_one).attname
        siblings = model._base_manager.filter(**{parent: getattr(self.instance, parent)})
        last: int | None = siblings.aggregate(last=Max("position"))["last"]
        return 0 if last is None else last + 1


class QuestionInline(ScopedTabularInline):
    model = Question
    form = PlacedForm
    fields = ["text", "minutes", "position"]
    hide_title = True


class AnchorsField(forms.CharField):
    """Texts of the rating scale in lines, the worst value's first."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": SCALE})
        super().__init__(strip=False, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = [" ".join(line.split()) for line in str(super().clean(value)).rstrip().splitlines()]
        if len(lines) > SCALE:
            sentence = gettext("At most %d lines, one for each value.") % SCALE
            raise forms.ValidationError(sentence)
        if any(len(line) > TEXT_CHARS for line in lines):
            raise forms.ValidationError(gettext("A line has at most %d characters.") % TEXT_CHARS)
        return [*lines, *[""] * SCALE][:SCALE] if any(lines) else []

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class CompetencyForm(PlacedForm):
    anchors = AnchorsField(
        label=_("Anchors"),
        required=False,
        help_text=_("What an answer of each value sounds like: a line each, the weakest first."),
    )


class CompetencyInline(ScopedStackedInline):
    model = Competency
    form = CompetencyForm
    fields = [("name", "position"), "description", "anchors"]
    inlines = [QuestionInline]


@admin.register(Guide)
class GuideAdmin(Scoped):
    acts = frozenset({"view", "add", "change", "delete"})
    group, icon, title = "interviews", "checklist", _("Guides")
    summary = _("What an interview should cover: competencies and their questions")
    list_display = ["title", "whose"]
    list_select_related = ["organization", "owner"]
    search_fields = ["title"]
    fields = ["title", "whose"]
    readonly_fields = ["whose"]
    inlines = [CompetencyInline]

    @admin.display(description=_("belongs to"), ordering="owner__name")
    def whose(self, guide: Guide) -> str:
        return guide.owner.display_name if guide.owner else gettext("the organization")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        guides.note_change(form.instance)

    def delete_model(self, request: HttpRequest, obj: Guide) -> None:
        guides.delete(guide=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Guide]) -> None:
        for guide in queryset:
            guides.delete(guide=guide)
