"""The structured answer of a language model: its schema, and reading it while it streams."""

import json
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Literal

import pydantic_core
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

MAX_ITEMS = 10
MAX_QUESTIONS = 5
_KINDS = Literal["question", "fact_check", "insight", "warning", "highlight", "tip", "sentiment"]
_BOUNDS = ("maxLength", "minLength", "minimum", "maximum", "maxItems", "minItems")


def _cut(limit: int) -> BeforeValidator:
    """Shorten instead of refusing: a server without schema support knows no lengths."""

    def shorten(value: Any) -> Any:
        if value is None:
            return ""
        return value.strip()[:limit] if isinstance(value, str) else value

    return BeforeValidator(shorten)


def _unit(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return min(1.0, max(0.0, value / 100 if value > 1 else value))
    return value


class Item(BaseModel):
    """One card as a model writes it."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    kind: _KINDS
    content: Annotated[str, Field(min_length=3, max_length=300), _cut(300)]
    quote: Annotated[str, Field(min_length=1, max_length=400), _cut(400)]
    reason: Annotated[str, Field(max_length=80), _cut(80)] = ""
    competency: Annotated[str, Field(max_length=100), _cut(100)] = ""
    verdict: Annotated[Literal["supported", "conflicts", "unverifiable", ""], _cut(20)] = ""
    other_quote: Annotated[str, Field(max_length=400), _cut(400)] = ""
    confidence: Annotated[float, Field(ge=0, le=1), BeforeValidator(_unit)] = 0.7


class Answer(BaseModel):
    """The whole answer."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    items: Annotated[list[Item], Field(max_length=MAX_ITEMS)]
    digest: Annotated[str, Field(max_length=600), _cut(600)] = ""


class Question(BaseModel):
    """One follow-up question; read as an Item of that kind."""

    content: Annotated[str, Field(min_length=3, max_length=300)]
    quote: Annotated[str, Field(min_length=1, max_length=400)]
    competency: Annotated[str, Field(max_length=100)]


class Questions(BaseModel):
    """A whole answer that holds nothing but questions."""

    items: Annotated[list[Question], Field(max_length=MAX_QUESTIONS)]


def schema(answer: type[BaseModel], *, bounded: bool) -> dict[str, Any]:
    """Return the JSON schema in the strict form: every field required, nothing else allowed.

    `bounded` keeps lengths in, which local servers honour and OpenAI's strict mode refuses.
    """
    tightened = _strict(answer.model_json_schema(), bounded=bounded)
    return {"name": "interview_cards", "strict": True, "schema": tightened}


@cache
def version() -> str:
    """Return what identifies the form of an answer, for caches and records."""
    form = Answer.model_json_schema()
    return sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()[:12]


def _strict(node: Any, *, bounded: bool) -> Any:
    if isinstance(node, list):
        return [_strict(child, bounded=bounded) for child in node]
    if not isinstance(node, dict):
        return node
    dropped = {"default", "title", "description"} | (set() if bounded else set(_BOUNDS))
    strict: dict[str, Any] = {}
    for name, child in node.items():
        if name == "properties":
            strict[name] = {key: _strict(value, bounded=bounded) for key, value in child.items()}
        elif name not in dropped:
            strict[name] = _strict(child, bounded=bounded)
    if strict.get("type") == "object":
        strict["additionalProperties"] = False
        strict["required"] = list(strict.get("properties", {}))
    return strict


class PartialAnswer:
    """Takes an answer piece by piece and gives every item as soon as it is closed.

    With `only`, every item is of that kind, whatever it says.
    """

    def __init__(self, *, only: str = "") -> None:
        self.text = ""
        self._only = {"kind": only} if only else {}
        self.valid = 0
        self.invalid = 0
        self._given = 0
        self._scanned = 0
        self._depth = 0
        self._closed = 0
        self._in_string = False
        self._escaped = False

    def feed(self, piece: str) -> list[Item]:
        """Add a piece of the answer's text; return the items that it completes."""
        self.text += piece
        closed = self._closed
        if self._is_reasoning():
            return []
        self._scan()
        return self._new_items() if self._closed > closed else []

    def finish(self) -> str | None:
        """Return the digest of a complete answer, None when it is no such JSON object."""
        try:
            whole = pydantic_core.from_json(self._json())
        except ValueError:
            return None
        if not isinstance(whole, dict) or not isinstance(whole.get("items"), list):
            return None
        digest = whole.get("digest")
        return digest.strip()[:600] if isinstance(digest, str) else ""

    def _is_reasoning(self) -> bool:
        """Tell whether the model is still thinking aloud; its braces are no JSON."""
        if not self.text.lstrip().startswith("<think>"):
            return False
        thought, mark, _ = self.text.rpartition("</think>")
        self._scanned = max(self._scanned, len(thought) + len(mark))
        return not mark

    def _json(self) -> str:
        """Return the JSON in the text: reasoning and code fences around it are left out."""
        text = self.text.rpartition("</think>")[2]
        start, end = text.find("{"), text.rfind("}")
        return text[start : end + 1] if start >= 0 else ""

    def _scan(self) -> None:
        """Count the objects closed below the outermost one."""
        for character in self.text[self._scanned :]:
            if self._in_string:
                if self._escaped:
                    self._escaped = False
                elif character == "\\":
                    self._escaped = True
                elif character == '"':
                    self._in_string = False
            elif character == '"' and self._depth:
                self._in_string = True
            elif character == "{":
                self._depth += 1
            elif character == "}":
                self._depth -= 1
                self._closed += self._depth == 1
        self._scanned = len(self.text)

    def _new_items(self) -> list[Item]:
        """Return the closed items that were not given yet; the last, open one must wait."""
        try:
            partial = pydantic_core.from_json(self._json(), allow_partial=True)
        except ValueError:
            return []
        raw = partial.get("items") if isinstance(partial, dict) else None
        if not isinstance(raw, list):
            return []
        fresh = raw[self._given : min(self._closed, MAX_ITEMS)]
        self._given += len(fresh)
        items = []
        for data in fresh:
            if not isinstance(data, dict):
                self.invalid += 1
                continue
            try:
                items.append(Item.model_validate({**data, **self._only}))
            except ValidationError:
                self.invalid += 1
        self.valid += len(items)
        return items
