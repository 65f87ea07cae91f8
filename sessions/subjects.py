"""Everything about one candidate: find it across the interviews of an organization, and erase it.

Names and addresses are sealed, each with the key of its interview, so no index finds them: they
are opened in memory, a few hundred interviews at a time, and forgotten again. Who is meant is a
person's decision: what is found says how it was found, and nothing is erased that was not chosen.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from django.utils.translation import gettext as _
from rapidfuzz.distance import OSA

from accounts import audit
from accounts.kinds import Event
from accounts.models import Organization, User
from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from sessions import access, retention
from sessions.models import Erasure, Session

CHUNK = 200  # interviews opened at a time
MOST_NEAR = 200  # of those that only resemble; whatever is certain is always told

_TITLES = frozenset("dr prof mr mrs ms mx miss sir herr frau mme mlle sr sra".split())
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})
_FLATTENED = str.maketrans({"ı": "i", "’": "'"})
_ONE_MAILBOX = {"googlemail.com": "gmail.com"}
_UNDOTTED = frozenset({"gmail.com"})  # delivers whatever the dots


class How(StrEnum):
    """How an interview was found, the surest first."""

    EMAIL = "email"  # the candidate's address
    NAME = "name"  # the candidate's name, whatever the case, accents and order
    CONSENT = "consent"  # whoever gave the consent has the name
    OTHER_EMAIL = "other_email"  # the name, with an address that is another one
    MENTIONED = "mentioned"  # title or profile hold the name or the address
    NEAR = "near"  # a name that is almost the same, or a mailbox with another "+tag"
    UNREADABLE = "unreadable"  # nobody can tell: it does not open


SURE = frozenset({How.EMAIL, How.NAME, How.CONSENT})


@dataclass(frozen=True, slots=True)
class Match:
    session: Session
    how: How

    @property
    def sure(self) -> bool:
        return self.how in SURE


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of the interviews that were to be erased."""

    erased: list[UUID] = field(default_factory=list)
    held: list[UUID] = field(default_factory=list)  # a legal hold keeps them
    missing: int = 0  # gone already, or not of this organization


# --- Finding -------------------------------------------------------------------------------------


def find(organization: Organization, *, name: str = "", email: str = "") -> list[Match]:
    """Return the interviews with a candidate of this name or address, the surest first."""
    wanted = _Wanted(" ".join(name.split()), email.strip())
    if not wanted.says_something:
        raise DomainError("who", _("Say a name or an e-mail address."), status=400)
    found: list[Match] = []
    near = 0
    for session in _opened(organization):
        how = _how(wanted, session)
        near += how in (How.NEAR, How.UNREADABLE)
        if how is not None and (near <= MOST_NEAR or how not in (How.NEAR, How.UNREADABLE)):
            found.append(Match(session, how))
    audit.record(
        Event.SUBJECT_SEARCHED,
        organization_id=organization.pk,
        details={
            "by": [part for part, said in (("name", name), ("email", email)) if said.strip()],
            "sure": sum(match.sure for match in found),
            "others": sum(not match.sure for match in found),
        },
    )
    ranks = list(How)
    return sorted(found, key=lambda match: ranks.index(match.how))


def _opened(organization: Organization) -> Iterable[Session]:
    rows = (
        access.sessions_of(organization)
        .select_related("owner")
        .prefetch_related("consents")
        .defer("plan")
        .order_by("-created_at", "pk")
    )
    for session in rows.iterator(chunk_size=CHUNK):
        session.organization = organization  # whose key is at hand
        yield session


def _how(wanted: "_Wanted", session: Session) -> How | None:
    try:
        return wanted.how(session)
    except CryptoError:  # one that was tampered with does not hide the others
        return How.UNREADABLE


class _Wanted:
    def __init__(self, name: str, email: str) -> None:
        self.words = words_of(name)
        self.plain = " ".join(_folded(name).split())
        self.email, self.tag = canonical(email), _tag_of(email)

    @property
    def says_something(self) -> bool:
        return bool(self.words) or bool(self.email)

    def how(self, session: Session) -> How | None:
        address = canonical(session.candidate_email or "")
        same = bool(self.email) and address == self.email
        if same and self._one_tag(session):
            return How.EMAIL
        other = bool(self.email and address)  # an address that is another one
        words = words_of(session.candidate_name or "")
        if self.words and sorted(words) == sorted(self.words):
            return How.OTHER_EMAIL if other else How.NAME
        if self._consented(session):
            return How.OTHER_EMAIL if other else How.CONSENT
        if self._mentioned(session):
            return How.MENTIONED
        return How.NEAR if same or _resemble(self.words, words) else None

    def _one_tag(self, session: Session) -> bool:
        """Tell whether an address of the same mailbox is not one that was made for somebody else.

        Who sends candidates has an address of its own for each, like `jobs+jane@` and `jobs+bob@`.
        """
        return len({self.tag, _tag_of(session.candidate_email or "")} - {""}) < 2

    def _consented(self, session: Session) -> bool:
        given = (words_of(consent.given_by or "") for consent in session.consents.all())
        return bool(self.words) and any(sorted(words) == sorted(self.words) for words in given)

    def _mentioned(self, session: Session) -> bool:
        """Tell whether title or profile hold the address, or the name as a whole."""
        said = f"{session.title}\n{session.profile or ''}"
        if self.email and self.email in {canonical(one) for one in _ADDRESS.findall(said)}:
            return True
        if len(self.words) < 2:
            return False  # one word alone says too little
        text = " ".join(_WORD.findall(_folded(said)))
        return any(f" {' '.join(order)} " in f" {text} " for order in _orders(self.words))


_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+[^\s<>()\[\],;:\".]")


def _orders(words: list[str]) -> list[list[str]]:
    """Return a name as it is said, and with the last word first."""
    return [words, [words[-1], *words[:-1]]]


def _folded(text: str) -> str:
    """Return a text without case, accents and letters that only some keyboards have."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return plain.translate(_FLATTENED).replace("'", "")


def words_of(name: str) -> list[str]:
    """Return the words of a name as they are compared; forms of address are none of them."""
    return [word for word in _WORD.findall(_folded(name)) if word not in _TITLES]


def canonical(email: str) -> str:
    """Return one spelling of an address: what reaches the same mailbox compares as equal."""
    local, at, domain = unicodedata.normalize("NFKC", email).strip().casefold().rpartition("@")
    if not at or not local:
        return ""
    with suppress(UnicodeError):  # no domain that there could be; compared as it was written
        domain = domain.encode("idna").decode()
    domain = _ONE_MAILBOX.get(domain, domain)
    local = local.partition("+")[0] or local
    if domain in _UNDOTTED:
        local = local.replace(".", "")
    return f"{local}@{domain}"


def _tag_of(email: str) -> str:
    return email.strip().casefold().rpartition("@")[0].partition("+")[2]


def _resemble(wanted: list[str], given: list[str]) -> bool:
    """Tell whether two names may be one: typing errors, initials, a name left out or in between."""
    if not wanted or not given:
        return False
    fewer, more = sorted((wanted, given), key=len)
    rest = list(more)
    whole = 0  # words that are there in full, more or less
    for word in fewer:
        other = next((one for one in rest if _alike(word, one)), None)
        if other is None:
            return False
        whole += min(len(word), len(other)) > 1
        rest.remove(other)
    return whole > 0 and (len(fewer) > 1 or len(wanted) == 1)


def _alike(one: str, other: str) -> bool:
    if min(len(one), len(other)) == 1:
        return one[0] == other[0]  # an initial
    allowed = max(len(one), len(other)) // 4  # ä that became ae is one letter more
    return OSA.distance(one, other, score_cutoff=allowed) <= allowed


# --- Erasing -------------------------------------------------------------------------------------


def erase(organization: Organization, session_ids: Collection[UUID], by: User | None) -> Erased:
    """Erase the chosen interviews of an organization, each for good as soon as its turn came.

    What is under a legal hold stays and is told. `by` is None for the operator's command.
    """
    chosen = dict.fromkeys(session_ids)
    known = access.sessions_of(organization).filter(pk__in=chosen).defer("profile", "plan")
    sessions = list(known.select_related("organization"))
    done = Erased(missing=len(chosen) - len(sessions))
    for session in sessions:
        try:
            retention.erase_now(session=session, reason=Erasure.Reason.SUBJECT, by=by)
        except DomainError as error:
            if error.code != "kept":
                raise
            done.held.append(session.pk)
        else:
            done.erased.append(session.pk)
    audit.record(
        Event.SUBJECT_ERASED,
        organization_id=organization.pk,
        details={"erased": len(done.erased), "held": len(done.held), "missing": done.missing},
    )
    return done
