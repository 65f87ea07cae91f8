"""A guide to begin with: short, and good enough to be kept."""

from typing import Any

from django.utils.translation import gettext as _


def example() -> dict[str, Any]:
    """Return a plan in the reader's language; the shape is that of `plan_json`, without ids."""
    return {
        "title": _("First interview"),
        "competencies": [
            _competency(
                _("Ownership"),
                _("Takes a problem as their own and carries it to its end"),
                [
                    _("Waits to be told; names no result"),
                    _("Does their part; leaves the end to others"),
                    _("Finishes what they were given"),
                    _("Finds what is missing and settles it"),
                    _("Carries a problem across teams to a lasting result"),
                ],
                [
                    (_("Tell me about a problem that you solved although it was not yours."), 8),
                    (_("What did you do so that it did not come back?"), 5),
                ],
            ),
            _competency(
                _("Technical judgement"),
                _("Weighs alternatives by what they cost and what they are good for"),
                [
                    _("Names one solution and no reason"),
                    _("Gives reasons from habit"),
                    _("Compares two ways for this case"),
                    _("Weighs cost, risk and time, and says what was given up"),
                    _("Knows when the decision has to be made again"),
                ],
                [
                    (_("Describe a technical decision that you would make differently today."), 8),
                    (_("Which alternatives did you consider, and why did you drop them?"), 5),
                ],
            ),
            _competency(
                _("Working with others"),
                _("Listens, disagrees openly, and helps others to be good"),
                ["", "", "", "", ""],
                [(_("Tell me about a disagreement in your team. How did it end?"), 8)],
            ),
        ],
    }


def _competency(
    name: str, description: str, anchors: list[str], questions: list[tuple[str, int]]
) -> dict[str, Any]:
    return {
        "id": None,
        "name": name,
        "description": description,
        "anchors": anchors,
        "questions": [{"id": None, "text": text, "minutes": n} for text, n in questions],
    }
