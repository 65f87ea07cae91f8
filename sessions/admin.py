"""Metadata of interviews, and guides; nothing that was said, nothing about the candidate."""

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
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

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
from sessions import services
from sessions.models import Competency, Guide, Question, Session


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
        # What is sealed is not even loaded.
        return super().get_queryset(request).defer("candidate_name", "profile", "wrapped_key")

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
            services.set_legal_hold(session=obj, hold=obj.legal_hold)

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


class CompetencyInline(ScopedStackedInline):
    model = Competency
    form = PlacedForm
    fields = [("name", "position")]
    inlines = [QuestionInline]


@admin.register(Guide)
class GuideAdmin(Scoped):
    acts = frozenset({"view", "add", "change", "delete"})
    group, icon, title = "interviews", "checklist", _("Guides")
    summary = _("What an interview should cover: competencies and their questions")
    list_display = ["title"]
    list_select_related = ["organization"]
    search_fields = ["title"]
    fields = ["title"]
    inlines = [CompetencyInline]
