"""What a guide may hold: whoever writes one comes by here, the editor, programs and files alike."""

import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from copilot.lib.errors import DomainError
from sessions.models import SCALE

TITLE_CHARS, NAME_CHARS, TEXT_CHARS = 160, 120, 400
MOST_COMPETENCIES, MOST_QUESTIONS, MOST_MINUTES = 20, 30, 240
MINUTES = 5  # of a question that does not say


class Refused(DomainError):
    """What is wrong with a guide: a sentence for each place, like `competencies.0.name`."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("bad_guide", next(iter(problems.values())), status=400)
        self.problems = problems


def checked(given: Any) -> dict[str, Any]:
    """Return a plan as it may be stored; raise Refused with all that is wrong with it.

    The shape is that of `sessions.serializers.plan_json`; what it does not know is left out, ids
    are taken over where they are numbers, and what they stand for is for others to find out.
    """
    reader = _Reader()
    plan = reader.plan(given)
    if reader.problems:
        raise Refused(reader.problems)
    return plan


class _Reader:
    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    def plan(self, given: Any) -> dict[str, Any]:
        fields = self._fields("title", given)
        title = self._text("title", fields.get("title"), TITLE_CHARS, _("Give the guide a title."))
        entries = self._items(
            "competencies",
            fields.get("competencies"),
            MOST_COMPETENCIES,
            _("A guide has at most %(most)d competencies."),
        )
        competencies = [self._competency(f"competencies.{n}", e) for n, e in enumerate(entries)]
        self._names_differ(competencies)
        return {"title": title, "competencies": competencies}

    def _competency(self, place: str, given: Any) -> dict[str, Any]:
        fields = self._fields(f"{place}.name", given)
        questions = self._items(
            f"{place}.questions",
            fields.get("questions"),
            MOST_QUESTIONS,
            _("A competency has at most %(most)d questions."),
        )
        anchors = self._items(
            f"{place}.anchors",
            fields.get("anchors"),
            SCALE,
            _("There are %(most)d anchors, one for each value."),
        )
        named = _("Name the competency, or remove it.")
        about = f"{place}.description"
        return {
            "id": _id(fields.get("id")),
            "name": self._text(f"{place}.name", fields.get("name"), NAME_CHARS, named),
            "description": self._text(about, fields.get("description"), TEXT_CHARS),
            "anchors": [
                self._text(f"{place}.anchors.{n}", text, TEXT_CHARS)
                for n, text in enumerate([*anchors, *[""] * SCALE][:SCALE])
            ],
            "questions": [
                self._question(f"{place}.questions.{n}", entry) for n, entry in enumerate(questions)
            ],
        }

    def _question(self, place: str, given: Any) -> dict[str, Any]:
        fields = self._fields(f"{place}.text", given)
        written = _("Write the question, or remove it.")
        return {
            "id": _id(fields.get("id")),
            "text": self._text(f"{place}.text", fields.get("text"), TEXT_CHARS, written),
            "minutes": self._minutes(f"{place}.minutes", fields.get("minutes", MINUTES)),
        }

    def _names_differ(self, competencies: list[dict[str, Any]]) -> None:
        """See that each name stands for one competency: findings and ratings go by it."""
        seen: set[str] = set()
        for number, competency in enumerate(competencies):
            name = competency["name"].casefold()
            if name and name in seen:
                self._say(f"competencies.{number}.name", _("Another competency has this name."))
            seen.add(name)

    # --- values

    def _say(self, place: str, problem: str) -> None:
        self.problems.setdefault(place, problem)

    def _fields(self, place: str, given: Any) -> dict[str, Any]:
        if isinstance(given, dict):
            return given
        self._say(place, _("An object with fields is expected here."))
        return {}

    def _items(self, place: str, given: Any, most: int, too_many: str) -> list[Any]:
        if given is None:
            return []
        if not isinstance(given, list):
            self._say(place, _("A list is expected here."))
            return []
        if len(given) > most:
            self._say(place, too_many % {"most": most})
        return given[:most]

    def _text(self, place: str, given: Any, most: int, missing: str = "") -> str:
        """Return a text in one line; `missing` is what to say where it may not be empty."""
        if given is not None and not isinstance(given, str):
            self._say(place, _("A text is expected here."))
            return ""
        text = _tidy(given or "")
        if missing and not text:
            self._say(place, missing)
        if len(text) > most:
            sentence = _("At most %(most)d characters; this has %(count)d.")
            self._say(place, sentence % {"most": most, "count": len(text)})
        return text

    def _minutes(self, place: str, given: Any) -> int:
        if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= MOST_MINUTES:
            return given
        sentence = _("Minutes are a whole number from 0 to %(most)d.")
        self._say(place, sentence % {"most": MOST_MINUTES})
        return MINUTES


def _tidy(text: str) -> str:
    """Return a text in one line, without what no database and no page takes."""
    seen = "".join(c if unicodedata.category(c) not in ("Cc", "Cs") else " " for c in text)
    return " ".join(seen.split())


def _id(given: Any) -> int | None:
    return given if isinstance(given, int) and 0 < given < 2**63 else None
