"""Pages of a person's own account that allauth has not, or has without what we need."""

import math
from typing import Any, cast
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.logout import logout
from allauth.account.utils import perform_login
from allauth.mfa.adapter import get_adapter as second_factors
from allauth.mfa.base.views import IndexView
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.internal.flows.sessions import end_other_sessions, end_sessions
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import audit, invitations, tokens
from accounts.agents import device_name
from accounts.forms import SCOPES, InvitationForm, TokenForm
from accounts.kinds import Event
from accounts.models import ApiToken, Invitation, User
from accounts.queries import organizations_requiring_more
from accounts.services import end_sign_ins
from copilot.lib.errors import DomainError


def too_many_requests(request: HttpRequest, wait: float = 60) -> HttpResponse:
    """Answer 429 and say when to try again; a minute is what allauth's other limits last."""
    seconds = math.ceil(wait)
    context = {"minutes": math.ceil(seconds / 60)}
    answer = render(request, "429.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


# --- Invitations ---------------------------------------------------------------------------------


@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Let the person an invitation was sent to join: with a new account, or with theirs."""
    found = invitations.find(token)
    if found is None:
        return _over(request)
    try:
        answer = _invite(request, found)
    except DomainError as error:
        if error.code != "account_exists":
            return _over(request)
        answer = _invitation_page(request, found, "sign_in")
    # The address is a secret: only the name of the host is told to whatever comes next.
    # Not `no-referrer`: browsers then send `Origin: null`, which no form survives.
    answer["Referrer-Policy"] = "strict-origin"
    return answer


def _invite(request: HttpRequest, found: Invitation) -> HttpResponse:
    user = request.user
    if isinstance(user, User) and user.email != found.email:
        return _invitation_page(request, found, "somebody_else")
    if isinstance(user, User):
        if request.method != "POST":
            return _invitation_page(request, found, "accept")
        invitations.accept(invitation=found, user=user)
        messages.success(request, _("Welcome to %s.") % found.organization.name)
        return redirect("sessions:list")
    if User.objects.filter(email=found.email).exists():
        return _invitation_page(request, found, "sign_in")
    form = InvitationForm(request.POST or None)
    if form.is_valid():
        try:
            newcomer = invitations.accept_as_new(invitation=found, **form.cleaned_data)
        except ValidationError as weak:
            form.add_error("password", weak)
        else:
            answer: HttpResponse = perform_login(request, newcomer)
            return answer
    return _invitation_page(request, found, "new", form)


def _invitation_page(
    request: HttpRequest, found: Invitation, state: str, form: InvitationForm | None = None
) -> HttpResponse:
    context = {"invitation": found, "state": state, "form": form}
    return render(request, "accounts/invitation.html", context)


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation_over.html", status=404)


# --- API tokens ----------------------------------------------------------------------------------


@login_required
@never_cache
@reauthentication_required(allow_get=True)
def api_tokens(request: HttpRequest) -> HttpResponse:
    """List one's own tokens; make one and show its secret, this once."""
    user = cast(User, request.user)
    made = secret = None
    form = TokenForm(request.POST or None, user=user)
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            made, secret = tokens.create(
                user=user,
                organization=form.organizations[wanted["organization"]],
                name=wanted["name"],
                scopes=wanted["scopes"],
                days=wanted["days"],
            )
        except DomainError as error:
            form.add_error(None, error.detail)
        else:
            form = TokenForm(user=user)
    context = {
        "form": form,
        "scopes": SCOPES,
        "chosen": form["scopes"].value(),
        "made": made,
        "secret": secret,
        "tokens": tokens.of_programs(user).select_related("organization"),
    }
    return render(request, "accounts/tokens.html", context)


@require_POST
@login_required
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=token_id, user_id=request.user.pk)
    tokens.revoke(token=token)
    messages.success(request, _("The token “%s” is revoked.") % token.name)
    return redirect("accounts:tokens")


# --- Devices and second factors ------------------------------------------------------------------


class DevicesView(ListUserSessionsView):
    """Where one is signed in; ends one sign-in, all others, or all."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["sessions"].sort(key=lambda s: (not s.is_current(), -s.created_at.timestamp()))
        for sign_in in context["sessions"]:
            sign_in.name = device_name(sign_in.user_agent)
        return context

    def form_valid(self, form: Any) -> HttpResponse:
        user, end = cast(User, self.request.user), self.request.POST.get("end", "")
        if end == "all":
            audit.record_for_user(Event.SIGNED_OUT, user, details={"everywhere": True})
            end_sign_ins(user)
            logout(self.request)
            return redirect("account_login")
        if end == "others":
            end_other_sessions(self.request, user)
            messages.success(self.request, _("You are signed out everywhere else."))
        elif end.isdecimal():
            sign_in = get_object_or_404(UserSession, pk=int(end), user=user)
            end_sessions(self.request, [sign_in])
            messages.success(self.request, _("That device is signed out."))
        else:
            raise Http404
        return redirect("usersessions_list")


class SecondFactorsView(IndexView):
    """The overview, which also says which organizations wait for a second factor."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["required_by"] = organizations_requiring_more(self.request.user)
        return context


class RemovePasskeyView(RemoveWebAuthnView):
    """allauth asks whether a second factor may go for authenticator apps only."""

    def form_valid(self, form: Any) -> HttpResponse:
        adapter = second_factors()
        if not adapter.can_delete_authenticator(self.get_object()):
            messages.error(self.request, adapter.error_messages["cannot_delete_authenticator"])
            return redirect("mfa_index")
        answer: HttpResponse = super().form_valid(form)
        return answer


@login_required
def no_password(request: HttpRequest) -> HttpResponse:
    """Say how somebody without a password gets one: by mail, never just by being signed in."""
    if cast(User, request.user).has_usable_password():
        return redirect("account_change_password")
    return render(request, "accounts/no_password.html")
