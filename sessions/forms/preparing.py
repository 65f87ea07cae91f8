"""Preparing an interview: what was typed stays typed, and a sentence says what is wrong with it."""

from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import Organization, User
from accounts.queries import colleagues
from copilot.lib.errors import DomainError
from sessions import access, resumes, services
from sessions.access import Level
from sessions.models import Guide, Session
from sessions.queries import language_name
from sessions.states import Status

LEVELS = [
    ("", _("No access")),
    (Level.VIEW, _("View")),
    (Level.COMMENT, _("View and comment")),
]
MINUTES = 45  # where neither the guide nor a person says how many
MOST_MINUTES = 600
RESUMES_A_MINUTE = 10  # of one person
RESUMES_AT_ONCE = 4  # of all: each keeps a processor busy
UNREADABLE = {
    "empty": _("There is no text in this file."),
    "too_large": _("The file is larger than 5 MB. Paste its text below instead."),
    "too_much": _(
        "The file takes too long to read. Save it as a simpler PDF, or paste its text below."
    ),
    "unsupported": _("Only PDF, DOCX and plain text can be read."),
    "old_word": _("This is an older Word format. Save it as DOCX or PDF first."),
    "encrypted": _("The file is protected by a password. Save it without one first."),
    "scanned": _(
        "This PDF holds pictures of text, no text. Paste the text below, or send a PDF in which "
        "you can select it."
    ),
    "broken": _("The file is damaged. Save it again, or paste its text below."),
}


def read_resume(data: bytes, user: User) -> resumes.Resume:
    """Return the text of a résumé; raise DomainError with a sentence where there is none."""
    limits.take(f"resume.{user.pk}", RESUMES_A_MINUTE)
    slots = limits.Slots(ttl=2 * resumes.WALL_SECONDS)
    slots.take("resumes", RESUMES_AT_ONCE)
    try:
        return resumes.read(data)
    except resumes.Unreadable as error:
        raise DomainError(error.code, str(UNREADABLE[error.code]), status=422) from None
    finally:
        slots.release()


class TextField(forms.CharField):
    """A text of several lines, each end of which counts as one character."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class PrepareForm(forms.Form):
    """What is known before an interview; of one that began only what may still be changed."""

    title = forms.CharField(
        label=_("Title"),
        max_length=160,
        error_messages={"required": _("Give the interview a title.")},
    )
    candidate_name = forms.CharField(
        label=_("Candidate's name"),
        max_length=120,
        required=False,
        help_text=_("The transcript leaves it out."),
    )
    candidate_email = forms.EmailField(
        label=_("Candidate's e-mail address"),
        max_length=254,
        required=False,
        help_text=_("Only for the link to their own page, where they read what is kept and agree."),
        error_messages={"invalid": _("This is no e-mail address.")},
    )
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label=_("Candidate's country"),
        required=False,
        widget=forms.TextInput(attrs={"maxlength": 2, "autocomplete": "off", "size": 4}),
        error_messages={"invalid": _("Two letters, such as DE or US.")},
    )
    job = forms.CharField(label=_("Job"), max_length=160, required=False)
    language = forms.ChoiceField(label=_("Spoken language"))
    guide = forms.ModelChoiceField(
        label=_("Guide"),
        queryset=Guide.objects.none(),
        required=False,
        empty_label=_("Without a guide"),
        error_messages={"invalid_choice": _("This guide is gone. Choose another one.")},
    )
    planned_minutes = forms.IntegerField(
        label=_("Planned minutes"),
        min_value=1,
        max_value=MOST_MINUTES,
        required=False,
        help_text=_("Empty: as long as the guide plans."),
    )
    resume = forms.FileField(label=_("Résumé"), required=False)
    profile = TextField(
        label=_("Profile"),
        max_length=resumes.MOST_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 10}),
        error_messages={
            "max_length": _(
                "The profile has %(show_value)d characters; %(limit_value)d are the most."
            )
        },
    )
    visibility = forms.ChoiceField(
        label=_("Who can open it"),
        choices=Session.Visibility.choices,
        initial=Session.Visibility.SHARED,
    )

    def __init__(
        self,
        *args: Any,
        user: User,
        organization: Organization,
        session: Session | None = None,
        **kwargs: Any,
    ) -> None:
        self._user, self._organization, self._session = user, organization, session
        present = _present(session) if session else {"language": organization.language}
        kwargs["initial"] = {**present, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        if session is not None and session.status != Status.DRAFT:
            changeable = services.CHANGEABLE[Status(session.status)]
            self.fields = {n: f for n, f in self.fields.items() if n in changeable}
            self.people: list[User] = []
            return
        codes = {organization.language, *organization.languages}
        if session is not None:
            codes.add(session.language)
        named = sorted((language_name(code), code) for code in codes)
        self.fields["country"].help_text = _(
            "Two letters; it decides what they are told. Empty: as your organization, %(country)s."
        ) % {"country": organization.country}
        languages = cast("forms.ChoiceField", self.fields["language"])
        languages.choices = [(code, name) for name, code in named]
        cast("forms.ModelChoiceField[Guide]", self.fields["guide"]).queryset = self.guides()
        self.people = colleagues(user, organization.pk)
        given = {s.user.pk: s.level or "" for s in access.sharing(session)} if session else {}
        for person in self.people:
            self.fields[_place(person)] = forms.ChoiceField(
                label=person.display_name,
                choices=LEVELS,
                required=False,
                initial=given.get(person.pk, ""),
            )

    def guides(self) -> QuerySet[Guide]:
        """Return the guides to choose from, with all that a preview shows."""
        guides = access.guides_visible_to(self._user).filter(organization=self._organization)
        return guides.prefetch_related("competencies__questions")

    def shares(self) -> Iterator[tuple[User, forms.BoundField]]:
        for person in self.people:
            yield person, self[_place(person)]

    def shared(self) -> int:
        """Return how many colleagues have access by what the form says."""
        return sum(bool(field.value()) for _person, field in self.shares())

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"]
        return country.upper()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "planned_minutes" in self.fields and given.get("planned_minutes") is None:
            guide = given.get("guide")
            given["planned_minutes"] = (minutes_of(guide) if guide else 0) or MINUTES
        return given

    @transaction.atomic
    def save(self) -> Session:
        """Prepare the interview, or change it, with everything the form says."""
        given = self.cleaned_data
        shares = {person: given[_place(person)] for person in self.people}
        about = {name: given[name] for name in services.CHANGEABLE[Status.DRAFT] if name in given}
        if self._session is None:
            return services.create_session(
                owner=self._user,
                organization=self._organization,
                visibility=given["visibility"],
                shared_with={person: level for person, level in shares.items() if level},
                **about,
            )
        for name in {"candidate_name", "candidate_email", "profile"}.intersection(about):
            about[name] = about[name] or None
        session = services.change_session(session=self._session, **about)
        if "visibility" in given:
            services.set_visibility(session=session, visibility=given["visibility"])
        for share in access.sharing(session) if shares else []:
            level = shares.get(share.user, share.level)
            if level == (share.level or ""):
                continue  # what is as it was keeps its end, too
            if level:
                access.share(session=session, colleague=share.user, level=level, until=share.until)
            else:
                access.unshare(session=session, colleague=share.user)
        return session


def minutes_of(guide: Guide) -> int:
    return sum(q.minutes for c in guide.competencies.all() for q in c.questions.all())


def _place(person: User) -> str:
    return f"share_{person.pk}"


def _present(session: Session) -> dict[str, Any]:
    names = {*services.CHANGEABLE[Status.DRAFT], "visibility"}
    return {name: getattr(session, name) for name in names}
