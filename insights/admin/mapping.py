"""The mapping of a generic connection: rows of target and source, tried on a made-up interview."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import limits
from insights.ats.base import AtsError, Part, Rating, Result, Target
from insights.ats.generic import METHODS, SOURCES, check_mapping
from insights.deliveries import connections, wording
from insights.models import AtsConnection

MOST_ROWS = 40
BLANK = 3  # rows to fill in, beside those that there are
CONSTANT = "="
TRIES_A_MINUTE = 10
RATINGS = {"recommendation", "ratings"}  # go along only where a system takes them as such
MADE_UP = Target("candidate-1", "application-1", "Robin Example")


def _known() -> list[tuple[str, str]]:
    """Return what can stand in a field, each with what it is."""
    sources = [(name, gettext(what)) for name, what in SOURCES.items() if name not in RATINGS]
    return [(CONSTANT, gettext("what is entered beside it, text or JSON")), *sources]


class Row(forms.Form):
    """One field of the body: where it goes, and what stands there."""

    target = forms.CharField(label=_("Field"), max_length=200, required=False)
    source = forms.CharField(label=_("What stands there"), max_length=200, required=False)
    constant = forms.CharField(label=_("Always this"), max_length=2000, required=False)
    optional = forms.BooleanField(label=_("Left out where empty"), required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("source") and not given.get("target"):
            self.add_error("target", _("Name the field, such as note.body."))
        if given.get("target") and not given.get("source"):
            self.add_error("source", _("Choose what stands there."))
        return given


Rows = forms.formset_factory(Row, extra=BLANK, max_num=MOST_ROWS, absolute_max=MOST_ROWS)


class Frame(forms.Form):
    """What is around the body."""

    method = forms.ChoiceField(label=_("Method"), choices=[(m, m) for m in METHODS])
    path = forms.CharField(
        label=_("Path"),
        max_length=400,
        help_text=_("Behind the address. {candidate}, {application} and {mark} are filled in."),
    )
    headers = forms.CharField(
        label=_("Headers"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, as Name: value. The key is added by itself."),
    )
    id = forms.CharField(
        label=_("Where the answer tells the id"),
        required=False,
        max_length=200,
        help_text=_("Such as data.id; it is needed to remove a note."),
    )
    remove = forms.CharField(
        label=_("Path to remove a note"),
        required=False,
        max_length=400,
        help_text=_("Such as /notes/{id}, asked with DELETE. Empty: people remove it by hand."),
    )
    check = forms.CharField(
        label=_("Path to try the connection"),
        required=False,
        max_length=400,
        help_text=_("Such as /me, asked with GET."),
    )

    def clean_headers(self) -> dict[str, str]:
        found = {}
        for line in self.cleaned_data["headers"].splitlines():
            name, colon, value = line.partition(":")
            if line.strip() and not (name.strip() and colon):
                raise forms.ValidationError(_("One header a line, as Name: value."))
            if line.strip():
                found[name.strip()] = value.strip()
        return found


# --- between rows and the mapping ----------------------------------------------------------------


def _flat(body: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of a body as (dotted name, what stands there)."""
    for name, piece in body.items():
        whole = f"{before}{name}"
        nested = isinstance(piece, dict) and piece.keys() != {"value"}
        if nested and not ("from" in piece and piece.keys() <= {"from", "optional"}):
            yield from _flat(piece, f"{whole}.")
        else:
            yield whole, piece


def rows_of(mapping: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a mapping's body as rows of the form."""
    found = []
    for target, piece in _flat(mapping.get("body") or {}):
        if isinstance(piece, dict) and "from" in piece:
            optional = bool(piece.get("optional"))
            found.append({"target": target, "source": piece["from"], "optional": optional})
        else:
            value = piece["value"] if isinstance(piece, dict) else piece
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            found.append({"target": target, "source": CONSTANT, "constant": text})
    return found


def frame_of(mapping: dict[str, Any]) -> dict[str, Any]:
    headers = "\n".join(
        f"{name}: {value}" for name, value in (mapping.get("headers") or {}).items()
    )
    return {
        "method": mapping.get("method", METHODS[0]),
        "path": mapping.get("path", ""),
        "headers": headers,
        "id": mapping.get("id", ""),
        "remove": (mapping.get("remove") or {}).get("path", ""),
        "check": (mapping.get("check") or {}).get("path", ""),
    }


def _constant(text: str) -> Any:
    """Return numbers, true, null, lists and objects as what they are, anything else as text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return {"value": value} if isinstance(value, dict) else value


def mapping_of(frame: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the mapping that a form describes. Raises AtsError `bad_mapping`."""
    body: dict[str, Any] = {}
    for row in rows:
        if not row.get("target"):
            continue
        place = body
        *outer, last = row["target"].split(".")
        for name in outer:
            place = place.setdefault(name, {})
            if not isinstance(place, dict) or "from" in place or "value" in place:
                raise AtsError("bad_mapping", permanent=True)
        if row["source"] == CONSTANT:
            piece = _constant(row["constant"])
        else:
            piece = {"from": row["source"], **({"optional": True} if row["optional"] else {})}
        if not last or last in place:
            raise AtsError("bad_mapping", permanent=True)
        place[last] = piece
    mapping = {"method": frame["method"], "path": frame["path"], "body": body}
    mapping |= {name: frame[name] for name in ("headers", "id") if frame[name]}
    if frame["remove"]:
        mapping["remove"] = {"method": "DELETE", "path": frame["remove"]}
    if frame["check"]:
        mapping["check"] = {"path": frame["check"]}
    check_mapping(mapping)
    return mapping


# --- the made-up interview -----------------------------------------------------------------------


def made_up() -> Result:
    """Return a result about nobody, in the shape that real ones have."""
    title = gettext("Interview: Backend engineer")
    sentence = gettext("Told how a payment service was moved to another database.")
    text = f"# {title}\n\n## {gettext('Overview')}\n\n- {sentence}"
    data = {
        "interview": {
            "id": "00000000-0000-0000-0000-000000000000",
            "title": gettext("Backend engineer"),
            "candidate": "Robin Example",
            "interviewer": "Ines Example",
            "started_at": "2026-01-05T10:00:00+00:00",
        },
        "summary": {
            "sections": [{"title": gettext("Overview"), "sentences": [{"text": sentence}]}]
        },
    }
    rating = Rating(gettext("Design"), 4, "")
    return Result(
        title, text, "IC-000000000000", "interview-2026-01-05.pdf", b"%PDF", "", (rating,), data
    )


# --- the page ------------------------------------------------------------------------------------


def mapping_page(
    request: HttpRequest,
    connection: AtsConnection,
    context: dict[str, Any],
    note: Callable[..., None],
) -> HttpResponse:
    """Answer the editor. A POST says what it wants by `act`: save, preview or try."""
    stored = connection.mapping or {}
    wanted = request.POST.get("act", "")
    if wanted:
        frame, rows = Frame(request.POST), Rows(request.POST, prefix="rows")
    else:
        frame, rows = Frame(initial=frame_of(stored)), Rows(initial=rows_of(stored), prefix="rows")
    shown, wrong = "", ""
    try:
        mapping = _given(frame, rows) if wanted else stored
        shown = _shown(connection, mapping) if mapping else ""
        if wanted == "save":
            connection.mapping = mapping
            connection.save(update_fields=["mapping"])
            note(connection, change="changed")
            messages.success(request, gettext("The mapping is saved."))
            return HttpResponseRedirect(request.path)
        if wanted == "try":
            shown = _tried(request, connection, mapping, shown)
    except forms.ValidationError:
        wrong = gettext("Some fields are wrong.")
    except AtsError as error:
        wrong = " ".join(wording.sentences(error.code))
    if wanted == "preview" and request.headers.get("Accept") == "application/json":
        return JsonResponse({"shown": shown, "wrong": wrong})
    context |= {
        "title": gettext("Mapping of %(name)s") % {"name": connection.name},
        "connection": connection,
        "frame": frame,
        "rows": rows,
        "known": _known(),
        "shown": shown,
        "wrong": wrong,
        "opts": connection._meta,
        "back": reverse("admin:insights_atsconnection_change", args=[connection.pk]),
    }
    status = 422 if wrong and wanted else 200
    return render(request, "admin/insights/mapping.html", context, status=status)


def _given(frame: Frame, rows: Any) -> dict[str, Any]:
    if not (frame.is_valid() & rows.is_valid()):
        raise forms.ValidationError("")
    return mapping_of(frame.cleaned_data, [row.cleaned_data for row in rows])


def _with(connection: AtsConnection, mapping: dict[str, Any]) -> AtsConnection:
    """Return the connection as it would be; it is not saved."""
    tried = AtsConnection.objects.get(pk=connection.pk)
    tried.mapping = mapping
    return tried


def _shown(connection: AtsConnection, mapping: dict[str, Any]) -> str:
    with connections.told():
        adapter = connections.opened(_with(connection, mapping))
        return adapter.shown(Part.NOTE, MADE_UP, made_up())


def _tried(
    request: HttpRequest, connection: AtsConnection, mapping: dict[str, Any], shown: str
) -> str:
    """Send the made-up interview to the address, for the id that the person entered."""
    limits.take(f"ats.try.{request.user.pk}", TRIES_A_MINUTE)
    target = Target(request.POST.get("candidate", "").strip() or MADE_UP.candidate)
    with connections.told():
        adapter = connections.opened(_with(connection, mapping))
        remote_id = adapter.write(Part.NOTE, target, made_up())
    messages.success(request, gettext("It was taken, with the id %(id)s.") % {"id": remote_id})
    return shown
