"""Forms of the account pages: allauth's with our words, and our own."""

from typing import Any, ClassVar, cast

from allauth.account import forms as account
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.queries import memberships_of
from accounts.roles import Scope
from accounts.tokens import MAX_DAYS

EMAIL = _("E-mail address")
PASSWORD = _("Password")
NEW_PASSWORD = _("New password")
AGAIN = _("New password, once more")
SCOPES = [
    (Scope.READ.value, _("Read"), _("Read interviews and listen to live events.")),
    (Scope.WRITE.value, _("Write"), _("Create and change interviews.")),
    (Scope.AUDIO.value, _("Audio"), _("Send audio into an interview.")),
]


class Ours:
    """Give allauth's fields our labels and no placeholders, which vanish while people type."""

    labels: ClassVar[dict[str, Any]]
    attrs: ClassVar[dict[str, dict[str, Any]]] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.widget.attrs |= self.attrs.get(name, {})
            field.label = self.labels.get(name, field.label)


class SignInForm(Ours, account.LoginForm):
    labels: ClassVar = {"login": EMAIL, "password": PASSWORD}
    attrs: ClassVar = {"login": {"autocomplete": "username", "autofocus": True}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""  # the page links to the reset itself


class ChangePasswordForm(Ours, account.ChangePasswordForm):
    labels: ClassVar = {
        "oldpassword": _("Current password"),
        "password1": NEW_PASSWORD,
        "password2": AGAIN,
    }


class ResetPasswordForm(Ours, account.ResetPasswordForm):
    labels: ClassVar = {"email": EMAIL}


class NewPasswordForm(Ours, account.ResetPasswordKeyForm):
    labels: ClassVar = {"password1": NEW_PASSWORD, "password2": AGAIN}


class PasswordAgainForm(Ours, account.ReauthenticateForm):
    labels: ClassVar = {"password": PASSWORD}
    attrs: ClassVar = {"password": {"autofocus": True}}


class NewEmailForm(Ours, account.AddEmailForm):
    labels: ClassVar = {"email": _("New e-mail address")}


class CodeForm(Ours, AuthenticateForm):
    labels: ClassVar = {"code": _("Code")}
    attrs: ClassVar = {"code": {"inputmode": "numeric", "autofocus": True}}


class CodeAgainForm(Ours, ReauthenticateForm):
    labels: ClassVar = {"code": _("Code")}
    attrs: ClassVar = {"code": {"inputmode": "numeric", "autofocus": True}}


class FirstCodeForm(Ours, ActivateTOTPForm):
    labels: ClassVar = {"code": _("Code from the app")}
    attrs: ClassVar = {"code": {"inputmode": "numeric"}}


class AddPasskeyForm(Ours, AddWebAuthnForm):
    labels: ClassVar = {"name": _("Name"), "passwordless": _("Sign in with this key alone")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].help_text = _(
            "It then asks for your fingerprint, face or PIN instead of a password."
        )


class RenamePasskeyForm(Ours, EditWebAuthnForm):
    labels: ClassVar = {"name": _("Name")}


class InvitationForm(forms.Form):
    """What somebody new tells about themselves; the e-mail address stands in the invitation."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=PASSWORD,
        strip=False,
        help_text=password_validators_help_text_html,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What it is for, such as “ATS export”.")
    )
    organization = forms.ChoiceField(label=_("Organization"))
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=[(value, name) for value, name, _text in SCOPES],
        initial=[Scope.READ.value],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    days = forms.IntegerField(
        label=_("Days until it expires"),
        min_value=1,
        max_value=MAX_DAYS,
        initial=90,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organizations = {str(m.organization_id): m.organization for m in memberships_of(user)}
        field = cast(forms.ChoiceField, self.fields["organization"])
        choices = [(pk, place.name) for pk, place in self.organizations.items()]
        field.choices = choices
        if len(choices) == 1:
            field.widget = forms.HiddenInput()
            field.initial = choices[0][0]
