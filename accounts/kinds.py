"""What leaves a trace in the audit, by a stable code and a name for people."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Event(TextChoices):
    SIGNED_IN = "account.signed_in", _("signed in")
    SIGN_IN_FAILED = "account.sign_in_failed", _("sign-in failed")
    SIGNED_OUT = "account.signed_out", _("signed out")
    PASSWORD_CHANGED = "account.password_changed", _("changed the password")
    SECOND_FACTOR_ADDED = "account.second_factor_added", _("added a second factor")
    SECOND_FACTOR_REMOVED = "account.second_factor_removed", _("removed a second factor")
    EMAIL_CHANGED = "account.email_changed", _("changed the e-mail address")
    PROVIDER_DISCONNECTED = (
        "account.provider_disconnected",
        _("disconnected an identity provider"),
    )
    PROVIDER_CONNECTED = "account.provider_connected", _("connected an identity provider")
    INVITED = "member.invited", _("invited a person")
    INVITATION_REVOKED = "member.invitation_revoked", _("revoked an invitation")
    JOINED = "member.joined", _("joined")
    ROLE_CHANGED = "member.role_changed", _("changed a role")
    DEACTIVATED = "member.deactivated", _("deactivated a member")
    REACTIVATED = "member.reactivated", _("reactivated a member")
    TOKEN_CREATED = "token.created", _("created an API token")
    TOKEN_REVOKED = "token.revoked", _("revoked an API token")
    TOKEN_USED = "token.used", _("used an API token")
    SETTINGS_CHANGED = "organization.changed", _("changed settings")
    AUDIT_EXPORTED = "audit.exported", _("exported the audit")
    SESSION_CREATED = "session.created", _("created an interview")
    SESSION_VIEWED = "session.viewed", _("viewed an interview")
    SESSION_RECORDED = "session.recorded", _("recorded an interview")
    SESSION_UPLOADED = "session.uploaded", _("uploaded a recording")
    DEVICE_JOINED = "session.device_joined", _("let a device record an interview")
    DEVICE_REMOVED = "session.device_removed", _("removed a device from an interview")
    SESSION_SHARED = "session.shared", _("shared an interview")
    SESSION_UNSHARED = "session.unshared", _("stopped sharing an interview")
    VISIBILITY_CHANGED = "session.visibility_changed", _("changed who may see an interview")
    SESSION_TRANSFERRED = "session.transferred", _("transferred an interview")
    CONSENT_RECORDED = "session.consent_recorded", _("recorded consent")
    SESSION_STARTED = "session.started", _("started an interview")
    SESSION_ENDED = "session.ended", _("ended an interview")
    SESSION_EXPORTED = "session.exported", _("exported an interview")
    SESSION_ERASED = "session.erased", _("erased an interview")
    LEGAL_HOLD = "session.legal_hold", _("changed a legal hold")
    ATS_CHANGED = "ats.changed", _("changed an ATS connection")
    ATS_PUSHED = "ats.pushed", _("sent a result to an ATS")
