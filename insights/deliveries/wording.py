"""What went wrong over there, as sentences, and what a person can do about it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from insights.ats.errors import ERRORS

# Of the outbox itself; those of the systems are in `insights.ats.errors`.
OWN = {
    "no_connection": (
        gettext_lazy("The connection was removed or switched off."),
        gettext_lazy("Ask an admin to switch it on, or send through another one."),
    ),
    "no_consent": (
        gettext_lazy("The candidate has withdrawn the consent."),
        gettext_lazy("Nothing more is sent."),
    ),
    "no_version": (
        gettext_lazy("The signed version is gone."),
        gettext_lazy("Sign the summary again and send it anew."),
    ),
    "not_wanted": (
        gettext_lazy("The summary was taken up again, or who ordered it may send it no more."),
        gettext_lazy("Sign the summary and send it anew."),
    ),
    "gave_up": (
        gettext_lazy("It did not work out in many tries."),
        gettext_lazy("Try again later; tell your administrator if that does not help."),
    ),
    "by_hand": (
        gettext_lazy("This system's interface removes nothing."),
        gettext_lazy("Remove it there by hand, then mark it as done."),
    ),
}
UNKNOWN = (
    gettext_lazy("The system did not take it."),
    gettext_lazy("Try again later; tell your administrator if that does not help."),
)


def sentences(code: str) -> tuple[str, str]:
    """Return what went wrong and what to do about it."""
    if code in OWN or code not in ERRORS:
        what, fix = OWN.get(code, UNKNOWN)
        return str(what), str(fix)
    told, way = ERRORS[code]
    return _(told), _(way)


def error_json(code: str) -> dict[str, Any]:
    detail, fix = sentences(code)
    return {"code": code, "detail": detail, "fix": fix}
