"""The sections of a summary: their keys, which stay, their titles, and the order of a template."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from insights.models import SummaryTemplate
from insights.summaries.shapes import Section

COMPETENCIES = "competencies"  # in a template; their own keys are "competency:<id>"
TITLES = {
    "facts": gettext_lazy("Overview"),
    COMPETENCIES: gettext_lazy("What was said about each competency"),
    "strengths": gettext_lazy("What stood out"),
    "concerns": gettext_lazy("To look into"),
    "conduct": gettext_lazy("Questions to leave out of the assessment"),
    "conflicts": gettext_lazy("Claims that conflict"),
    "unverified": gettext_lazy("Claims that nothing here confirms"),
    "questions": gettext_lazy("Questions asked"),
    "open": gettext_lazy("Planned and not asked"),
    "candidate": gettext_lazy("The candidate asked"),
    "next_steps": gettext_lazy("Next steps"),
    "interview": gettext_lazy("About the interview"),
}
FACTS = ("facts", "open", "interview")  # sections that count, where no line is needed
TITLE_CHARS = 80


def checked(sections: Any) -> list[dict[str, Any]]:
    """Return the sections of a template, each key once; raise ValidationError for anything else."""
    found: dict[str, dict[str, Any]] = {}
    for section in sections if isinstance(sections, list) else [None]:
        if not isinstance(section, dict) or section.get("key") not in {*TITLES} - {*found}:
            raise ValidationError(_("Each section of a template is one of a summary's, once."))
        key = str(section["key"])
        title, hidden = section.get("title", ""), section.get("hidden", False)
        if not isinstance(title, str) or len(title) > TITLE_CHARS or not isinstance(hidden, bool):
            raise ValidationError(_("A title has at most %d characters.") % TITLE_CHARS)
        title = "" if key == COMPETENCIES else " ".join(title.split())
        found[key] = {"key": key, "title": title, "hidden": hidden}
    if found and all(section["hidden"] for section in found.values()):
        raise ValidationError(_("A template shows one section at least."))
    return list(found.values())


def arranged(sections: list[Section], template: SummaryTemplate | None) -> list[Section]:
    """Return sections in a template's order and under its titles, without those it hides.

    What it does not name follows in the program's own order.
    """
    wanted = {section["key"]: section for section in template.sections} if template else {}
    rest = {key: {"title": "", "hidden": False} for key in TITLES if key not in wanted}
    result = []
    for key, how in {**wanted, **rest}.items():
        if how["hidden"]:
            continue
        for section in sections:
            if _group(section.key) == key:
                title = how["title"] or section.title
                result.append(Section(section.key, title, section.sentences))
    return result


def _group(key: str) -> str:
    return COMPETENCIES if key.startswith("competency:") else key
