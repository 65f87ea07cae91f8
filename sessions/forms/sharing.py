"""Sharing an interview: what was typed stays typed, and a sentence says what is wrong with it."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions import access
from sessions.access import Level
from sessions.models import Session

LEVELS = [(Level.VIEW, _("View")), (Level.COMMENT, _("View and comment"))]
LONGEST = timedelta(days=3650)


class ShareForm(forms.Form):
    colleague = forms.CharField(error_messages={"required": _("Choose a colleague.")})
    level = forms.ChoiceField(
        choices=LEVELS,
        required=False,
        error_messages={"invalid_choice": _("Choose what your colleague may do.")},
    )
    until = forms.DateField(
        required=False,
        error_messages={"invalid": _("Write the last day like 2030-12-31, or leave it empty.")},
    )

    def clean_level(self) -> str:
        return self.cleaned_data["level"] or Level.VIEW

    def clean_until(self) -> datetime | None:
        """Return the end of the chosen day, in the server's time zone."""
        day: date | None = self.cleaned_data["until"]
        if day is None:
            return None
        today = timezone.localdate()
        if day < today:
            raise forms.ValidationError(_("This day is over. Choose today or a later day."))
        if day > today + LONGEST:
            raise forms.ValidationError(_("Choose a day within the next ten years."))
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def share_panel(session: Session, refused: ShareForm | None = None) -> dict[str, Any]:
    """Return what the panel shows; a refused form comes back in the place it was filled in."""
    shares = access.sharing(session)
    shared = [share for share in shares if share.level]
    at = refused["colleague"].value() if refused else None
    return {
        "session": session,
        "levels": LEVELS,
        "visibilities": Session.Visibility,
        "today": timezone.localdate(),
        "time_zone": timezone.get_current_timezone_name(),
        "shared": shared,
        "others": [share.user for share in shares if not share.level],
        "refused": refused,
        "refused_at": at,
        "refused_new": refused if at not in {str(share.user.pk) for share in shared} else None,
    }
