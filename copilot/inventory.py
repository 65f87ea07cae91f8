"""What is kept where, about whom, in which form and why: `privacy.toml`, read and written out.

`manage.py privacy_report` prints it; docs/privacy.md is made of it.
"""

import functools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "privacy.toml"
FORMS = {
    "session": "sealed with the interview's key",
    "organization": "sealed with the organization's key",
    "wrapped": "wrapped by the key above it",
    "master": "sealed with the master keys",
    "hashed": "hashed",
    "personal": "in clear, about a person",
    "plain": "in clear",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of row and the fields of it by form."""

    name: str  # app.Model
    what: str
    about: list[str]
    why: str
    until: str
    goes: str
    fields: dict[str, list[str]]

    def named(self) -> list[str]:
        return [field for fields in self.fields.values() for field in fields]


@dataclass(frozen=True, slots=True)
class Place:
    """A file, a store, or somebody to whom something leaves."""

    name: str
    where: str
    what: str
    about: list[str]
    form: str
    why: str
    until: str


@dataclass(frozen=True, slots=True)
class Inventory:
    head: str  # of the document made of it
    copies: str  # its chapter on what a candidate may have
    models: list[Kept]
    files: list[Place]
    stores: list[Place]
    leaves: list[Place]


@functools.cache
def inventory() -> Inventory:
    said = tomllib.loads(FILE.read_text("utf-8"))
    return Inventory(
        **said["document"],
        models=[_kept(name, entry) for name, entry in said["models"].items()],
        files=[_place(name, entry) for name, entry in said["files"].items()],
        stores=[_place(name, entry) for name, entry in said["stores"].items()],
        leaves=[_leaving(name, entry) for name, entry in said["leaves"].items()],
    )


def _kept(name: str, entry: dict[str, Any]) -> Kept:
    fields = {form: entry.pop(form) for form in FORMS if form in entry}
    return Kept(name=name, fields=fields, **entry)


def _place(name: str, entry: dict[str, Any]) -> Place:
    return Place(name=name, **entry)


def _leaving(name: str, entry: dict[str, Any]) -> Place:
    return Place(
        name=name,
        where=entry["to"],
        what=entry["what"],
        about=entry["about"],
        form="",
        why=entry["why"],
        until=entry["control"],
    )


# --- As a document -------------------------------------------------------------------------------


def markdown() -> str:
    known = inventory()
    lines = [known.head, "## In the database", ""]
    lines += _table(
        ["rows", "what", "about", "in which form", "why", "until", "goes"],
        (
            [
                f"`{kept.name}`",
                kept.what,
                _about(kept),
                _fields(kept),
                kept.why,
                kept.until,
                kept.goes,
            ]
            for kept in known.models
        ),
    )
    for title, places in (("Files", known.files), ("Cache, broker, memory", known.stores)):
        lines += ["", f"## {title}", ""]
        lines += _table(
            ["where", "what", "about", "in which form", "why", "until"],
            (
                [place.where, place.what, _about(place), place.form, place.why, place.until]
                for place in places
            ),
        )
    lines += ["", "## What leaves", ""]
    lines += _table(
        ["to whom", "what", "about", "why", "what decides about it"],
        (
            [place.where, place.what, _about(place), place.why, place.until]
            for place in known.leaves
        ),
    )
    return "\n".join([*lines, "", known.copies])


def _table(head: list[str], rows: Iterator[list[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _about(entry: Kept | Place) -> str:
    return ", ".join(entry.about) or "nobody"


def _fields(kept: Kept) -> str:
    """Name every field that is not simply in clear and about nobody."""
    said = [
        f"{FORMS[form]}: {', '.join(f'`{field}`' for field in fields)}"
        for form, fields in kept.fields.items()
        if form != "plain"
    ]
    return "; ".join(said) or FORMS["plain"]
