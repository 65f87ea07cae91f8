"""The language chosen for a summary. A model writes any; rules those that are translated."""

from django.conf.locale import LANG_INFO
from django.utils.translation import gettext as _

from copilot.lib.errors import DomainError
from sessions.models import Session


def checked(language: str, session: Session) -> str:
    """Return a language chosen for a summary, empty for the interview's; raise DomainError."""
    code = language.strip()
    if code in ("", session.language):
        return ""
    if len(code) > 8 or (code.casefold() not in LANG_INFO and code != "zh"):
        raise DomainError("bad_language", _("There is no such language."), status=400)
    return code
