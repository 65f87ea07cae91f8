"""Members, invitations and API tokens of an organization."""

from typing import Any, cast
from uuid import UUID

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import invitations, services, tokens
from accounts.administration import Scoped, managed, prove
from accounts.models import ApiToken, Invitation, Membership, User
from accounts.queries import SECOND_FACTORS
from accounts.roles import Act, Role, allows
from copilot.lib.errors import DomainError


@admin.register(Membership)
class MembershipAdmin(Scoped):
    """People come by invitation and stay as inactive members: nothing is added or deleted here."""

    acts = frozenset({"view", "change"})
    group, icon, title = "people", "group", _("Members")
    summary = _("Roles, leaving, coming back, handing over interviews")
    list_display = ["name", "email", "role", "is_active", "second_factor", "last_sign_in"]
    list_filter = ["role", "is_active"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__name", "user__email"]
    ordering = ["user__name"]
    fields = ["name", "email", "role", "is_active", "second_factor", "last_sign_in"]
    readonly_fields = ["name", "email", "is_active", "second_factor", "last_sign_in"]
    actions = ["deactivate", "reactivate"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        factors = Authenticator.objects.filter(user=OuterRef("user"), type__in=SECOND_FACTORS)
        found: QuerySet[Membership] = super().get_queryset(request)
        return found.annotate(second_factor=Exists(factors))

    @admin.display(description=_("name"), ordering="user__name")
    def name(self, membership: Membership) -> str:
        return membership.user.display_name

    @admin.display(description=_("e-mail address"), ordering="user__email")
    def email(self, membership: Membership) -> str:
        return membership.user.email

    @admin.display(description=_("second factor"), boolean=True)
    def second_factor(self, membership: Any) -> bool:
        return bool(membership.second_factor)

    @admin.display(description=_("last sign-in"), ordering="user__last_login", empty_value="–")
    def last_sign_in(self, membership: Membership) -> str | None:
        at = membership.user.last_login
        return date_format(localtime(at), "DATETIME_FORMAT") if at else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if "role" in form.changed_data:
            prove(request)
            wanted, obj.role = obj.role, form.initial["role"]
            services.change_role(membership=obj, role=Role(wanted))

    @admin.action(description=_("Deactivate: sign-ins and tokens end at once"))
    def deactivate(self, request: HttpRequest, chosen: QuerySet[Membership]) -> HttpResponse | None:
        """Say whom it hits; do it once that is confirmed."""
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Deactivate members"),
                "chosen": chosen,
            }
            return render(request, "admin/accounts/membership/deactivate.html", context)
        prove(request)
        for membership in chosen:
            services.deactivate(membership=membership)
            self.log_change(request, membership, _("Deactivated."))
        messages.success(request, _("They have no access any more."))
        return None

    @admin.action(description=_("Reactivate"))
    def reactivate(self, request: HttpRequest, chosen: QuerySet[Membership]) -> None:
        prove(request)
        for membership in chosen:
            services.reactivate(membership=membership)
            self.log_change(request, membership, _("Reactivated."))
        messages.success(request, _("They have access again."))


def _state_of(row: Invitation | ApiToken) -> str:
    """Return what ended the row, or that nothing did."""
    if row.revoked_at is not None:
        return "revoked"
    if isinstance(row, Invitation) and row.accepted_at is not None:
        return "accepted"
    return "expired" if row.expires_at <= timezone.now() else "open"


STATES = {
    "open": _("open"),
    "active": _("active"),
    "accepted": _("accepted"),
    "expired": _("expired"),
    "revoked": _("revoked"),
}
STATE_COLOURS = {
    STATES["open"]: "info",
    STATES["active"]: "success",
    STATES["accepted"]: "success",
    STATES["revoked"]: "danger",
}


class InvitationForm(forms.ModelForm):
    """Says beside the field who cannot be invited, and keeps what was typed."""

    own: UUID | None = None  # the only organization of who invites, where there is but one

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = cleaned.get("organization")
        place = chosen.pk if chosen else self.own
        if place and "email" in cleaned:
            try:
                invitations.require_stranger(place, cleaned["email"])
            except DomainError as error:
                self.add_error("email", error.detail)
        return cleaned


@admin.register(Invitation)
class InvitationAdmin(Scoped):
    form = InvitationForm
    acts = frozenset({"view", "add"})
    group, icon, title = "people", "person_add", _("Invitations")
    summary = _("Ask a person to join by a link that works once")
    list_display = ["email", "role", "state", "inviter", "created_at", "expires_at"]
    list_filter = ["role"]
    list_select_related = ["invited_by", "organization"]
    search_fields = ["email"]
    actions = ["send_again", "revoke"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ["state", "inviter", "created_at", "expires_at", "accepted_at", "revoked_at"]
        return [*self._of_form(request), *(shown if obj else [])]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        if len(managed(request)) == 1:
            (form.own,) = managed(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"role": Role.INTERVIEWER}

    def _of_form(self, request: HttpRequest) -> list[str]:
        return ["email", "role", *self._by_organization(request)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj) if obj else []

    @display(description=_("state"), label=STATE_COLOURS)
    def state(self, invitation: Invitation) -> Any:
        return STATES[_state_of(invitation)]

    @admin.display(description=_("invited by"), empty_value="–")
    def inviter(self, invitation: Invitation) -> str | None:
        return invitation.invited_by.display_name if invitation.invited_by else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        made = self._invite(request, obj)
        obj.__dict__.update(made.__dict__)  # what Django logs and shows is what the service made

    def _invite(self, request: HttpRequest, wanted: Invitation) -> Invitation:
        if allows(wanted.role, Act.MANAGE):
            prove(request)
        invitation, token = invitations.invite(
            organization=wanted.organization,
            email=wanted.email,
            role=wanted.role,
            invited_by=cast(User, request.user),
        )
        link = request.build_absolute_uri(reverse("accounts:invitation", args=[token]))
        transaction.on_commit(lambda: self._deliver(request, invitation, link))
        return invitation

    def _deliver(self, request: HttpRequest, invitation: Invitation, link: str) -> None:
        try:
            invitations.send(invitation, link)
        except OSError:  # what smtplib and sockets raise
            messages.warning(request, _("The mail could not be sent."))
        else:
            messages.success(request, _("The link was mailed to %s.") % invitation.email)
        # The link vouches for the address. An admin who had it could make the account of somebody
        # else, leave a passkey there and wait until another organization invites them.
        if settings.PRODUCTION:
            return
        messages.info(
            request,
            format_html(
                gettext("The link for {}, shown only now and good for one use: {}"),
                invitation.email,
                format_html('<code class="one-time-link">{}</code>', link),
            ),
        )

    @admin.action(description=_("Send again, with a new link"))
    def send_again(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        for invitation in chosen.filter(accepted_at__isnull=True):
            self.log_addition(request, self._invite(request, invitation), _("Sent again."))

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        prove(request)
        for invitation in chosen:
            invitations.revoke(invitation=invitation)
            self.log_change(request, invitation, _("Revoked."))
        messages.success(request, _("Open links among them no longer work."))


@admin.register(ApiToken)
class ApiTokenAdmin(Scoped):
    """People make their tokens themselves; admins see that they exist, and end them."""

    group, icon, title = "people", "key", _("API tokens")
    summary = _("Keys of programs that act for members")
    fields = ["name", "person", "prefix", "kinds", "state", "created_at", "last_used_at"]
    list_display = [*fields, "expires_at"]
    list_select_related = ["user", "organization"]
    search_fields = ["name", "user__name", "user__email", "prefix"]
    actions = ["revoke"]

    @admin.display(description=_("person"), ordering="user__name")
    def person(self, token: ApiToken) -> str:
        return token.user.display_name

    @admin.display(description=_("scopes"))
    def kinds(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    @display(description=_("state"), label=STATE_COLOURS)
    def state(self, token: ApiToken) -> Any:
        state = _state_of(token)
        return STATES["active" if state == "open" else state]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        prove(request)
        for token in chosen:
            tokens.revoke(token=token)
            self.log_change(request, token, _("Revoked."))
        messages.success(request, _("These tokens open nothing any more."))
