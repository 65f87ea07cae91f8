"""What a candidate is told before anything is recorded: true of this installation, by version.

An organization's own text for the candidate's country and language counts before its text for any
country, and that before a built-in one. A text never changes: another one is another version.
"""

import functools
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import EEA, Organization, User
from accounts.queries import may
from accounts.roles import Act
from copilot.lib.errors import DomainError
from copilot.lib.spans import in_days
from sessions.models import ConsentNotice, Session
from sessions.states import Status

EDITION = "2026-11"  # of the built-in texts; another wording is another edition
TEXTS = Path(__file__).parent / "notice_texts"
RIGHTS = EEA | {"GB", "CH"}  # where the law gives candidates rights that they have to be told of
FALLBACK = "en"
MOST_CHARS = 6000


@dataclass(frozen=True, slots=True)
class Notice:
    """`country` is whose text it is, empty where it is for any."""

    version: str
    language: str
    country: str
    text: str

    @property
    def mark(self) -> str:
        """Return what tells this very text from any other, for forms that were filled in on it."""
        return sha256(f"{self.version}\n{self.text}".encode()).hexdigest()[:16]

    def as_shown(self) -> dict[str, str]:
        """Return what a consent record keeps."""
        return {"language": self.language, "country": self.country, "text": self.text}


def model_reads_along() -> bool:
    """Tell whether a language model is configured, here or elsewhere."""
    return bool(settings.INTERVIEW_LLM_BASE_URL or settings.INTERVIEW_LLM_API_KEY)


def notice_for(session: Session, *, recording: bool = False, language: str = "") -> Notice:
    """Return what the candidate is told, in the interview's language unless told otherwise.

    `recording`: the conversation was recorded before and is uploaded.
    """
    return notice_of(
        session.organization,
        language=language or session.language,
        country=session.country,
        recording=recording,
    )


def notice_of(
    organization: Organization, *, language: str, country: str = "", recording: bool = False
) -> Notice:
    """Return what candidates are told whose interview is not prepared yet; see `notice_for`."""
    country = (country or organization.country).upper()
    rows = _own(organization, country)
    for wanted in dict.fromkeys((language, FALLBACK)):
        row = _newest(rows, wanted, country)
        if row is not None:
            return _of_row(row, organization)
        if wanted in built_in():
            return _built_in(organization, country, wanted, recording)
    raise LookupError(f"there is no built-in notice in {FALLBACK}")


def of_recording(session: Session) -> bool:
    """Tell whether an interview was recorded before: what is said of it is about a recording."""
    told = session.consents.filter(notice_version__contains="-recording")
    return session.status == Status.PROCESSING or told.exists()


def languages_for(session: Session) -> list[str]:
    """Return the languages that the candidate can read the notice in, the interview's first."""
    country = (session.country or session.organization.country).upper()
    own = {row.language for row in _own(session.organization, country)}
    known = sorted(own | built_in().keys())
    return sorted(known, key=lambda code: code != session.language)


# --- An organization's own -----------------------------------------------------------------------


def in_force(organization: Organization) -> QuerySet[ConsentNotice]:
    """Return every version that is not retired; of a country and language the newest counts."""
    return ConsentNotice.objects.filter(organization=organization, retired_at=None)


@transaction.atomic
def publish(
    *, organization: Organization, country: str, language: str, text: str, by: User
) -> ConsentNotice:
    """Make a text the next version for a country (empty: any) and language.

    It may hold {organization}, {hours} (of retention) and {contact}.
    """
    _may_change(organization, by)
    country, language, text = country.strip().upper(), language.strip().lower(), text.strip()
    if not re.fullmatch(r"([A-Z]{2})?", country) or not re.fullmatch(r"[a-z]{2,3}", language):
        raise DomainError("bad_place", _("Choose a country and a language."), status=400)
    if not 0 < len(text) <= MOST_CHARS or "\0" in text:  # which no column of Postgres takes
        detail = _("A notice has 1 to %(most)d characters.") % {"most": MOST_CHARS}
        raise DomainError("bad_text", detail, status=400)
    Organization.objects.select_for_update().get(pk=organization.pk)  # one number each
    place = {"organization": organization, "country": country, "language": language}
    last = ConsentNotice.objects.filter(**place).aggregate(n=Max("number"))["n"] or 0
    row = ConsentNotice.objects.create(**place, number=last + 1, text=text, created_by=by)
    _trace(row, "published")
    return row


@transaction.atomic
def retire(*, notice: ConsentNotice, by: User) -> None:
    """Let a version count no longer: the one before it does, or the next text that fits."""
    _may_change(notice.organization, by)
    living = ConsentNotice.objects.filter(pk=notice.pk, retired_at=None)
    if living.update(retired_at=timezone.now()):
        _trace(notice, "retired")


def preview(organization: Organization, *, country: str, language: str, text: str) -> Notice:
    """Return what candidates would read if this text was published."""
    return _of_row(ConsentNotice(country=country, language=language, text=text), organization)


def _may_change(organization: Organization, by: User) -> None:
    if not may(by, Act.PRIVACY, organization.pk):
        raise DomainError("forbidden", _("Your role may not change notices."), status=403)


def _trace(row: ConsentNotice, what: str) -> None:
    audit.record(
        Event.NOTICE_CHANGED,
        organization_id=row.organization_id,
        obj=row,
        details={"notice": str(row), "what": what},
    )


def _own(organization: Organization, country: str) -> list[ConsentNotice]:
    return list(in_force(organization).filter(country__in=["", country]).order_by("-number"))


def _newest(rows: Iterable[ConsentNotice], language: str, country: str) -> ConsentNotice | None:
    fitting = [row for row in rows if row.language == language]
    here = [row for row in fitting if row.country == country]
    return next(iter(here or fitting), None)


def _of_row(row: ConsentNotice, organization: Organization) -> Notice:
    version = f"org-{row.country or 'any'}-{row.language}-{row.number}"
    text = _filled(
        row.text,
        organization=organization.name,
        hours=str(organization.retention_hours),
        contact=organization.privacy_contact,
    )
    return Notice(version, row.language, row.country, text)


# --- Built in ------------------------------------------------------------------------------------


@functools.cache
def built_in() -> dict[str, dict[str, str]]:
    """Return the sentences of the built-in notices by language."""
    return {file.stem: tomllib.loads(file.read_text("utf-8")) for file in TEXTS.glob("*.toml")}


def _built_in(organization: Organization, country: str, language: str, recording: bool) -> Notice:
    say = built_in()[language]
    group = "eea" if country in RIGHTS else "other"
    reads = "rules"
    if not organization.analysis_enabled:
        reads = "plain"
    elif model_reads_along():
        reads = "model"
    details = "names" if organization.keep_names else "removed"
    sound = "recording" if recording else "live"
    freedom = ["basis", "rights"] if group == "eea" else ["choice"]
    contact = "contact" if organization.privacy_contact else "nobody"
    paragraphs = [[sound, details], [reads, "person"], ["kept"], freedom, [contact]]
    text = _filled(
        "\n\n".join(" ".join(say[key] for key in keys) for keys in paragraphs),
        time=_span(say, organization.retention_hours),
        longest=_span(say, max(organization.retention_hours, organization.retention_max_hours)),
        organization=organization.name,
        contact=organization.privacy_contact,
    )
    facts = [sound, reads, *(["names"] if organization.keep_names else [])]
    version = "-".join(["builtin", EDITION, group, language, *facts])
    return Notice(version, language, country, text)


def _span(say: dict[str, str], hours: int) -> str:
    if in_days(hours):
        return say["days"].replace("{n}", str(hours // 24))
    return say["hour" if hours == 1 else "hours"].replace("{n}", str(hours))


def _filled(text: str, **values: str) -> str:
    """Put values in at once: what one of them holds is no place for another."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)
