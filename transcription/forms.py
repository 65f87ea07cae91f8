"""What is asked before a recording is sent; the script of the page sends it to the API."""

from typing import cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization

VOICES = [
    ("interviewer,candidate", _("On two channels"), _("Left the interviewer, right the candidate")),
    ("candidate,interviewer", _("On two, swapped"), _("Left the candidate, right the interviewer")),
    ("room", _("Together on one"), _("Speakers are not told apart")),
]


class UploadForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=160)
    job = forms.CharField(label=_("Job"), max_length=160, required=False)
    language = forms.ChoiceField(label=_("Spoken language"))
    candidate_name = forms.CharField(
        label=_("Candidate's name"),
        max_length=120,
        required=False,
        help_text=_("Only used to leave the name out of the transcript."),
    )

    def __init__(self, *, organization: Organization) -> None:
        super().__init__()
        codes = dict.fromkeys([organization.language, *organization.languages])
        names = dict(settings.LANGUAGES)
        language = cast("forms.ChoiceField", self.fields["language"])
        language.choices = [(code, names.get(code, code)) for code in codes]
