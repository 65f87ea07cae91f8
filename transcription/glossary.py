"""The terms worth telling a recognizer before an interview, and how they sound when spoken."""

import re

MAX_TERMS = 60
_TOKEN = re.compile(r"[^\W_][\w+#./-]*")
_PIECE = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+|[+#]|[^\W\d_]+")
_DIGITS = "zero one two three four five six seven eight nine".split()
# Pieces of a camel-case name that make it plain talk when said apart: LinkedIn, SetUp, LogIn.
_LOOSE = frozenset("in on up out off is it the to a an of or and me my we us do go be at".split())
_SOUNDS = [
    (re.compile(pattern), key)
    for pattern, key in (
        (r"^(?:kn|gn|pn)", "n"),
        (r"^ps", "s"),
        (r"^wr", "r"),
        (r"ph|v", "f"),
        (r"tch|ch|sh|tion|sion", "x"),
        (r"ck|q|c(?![eiy])", "k"),
        (r"c|z", "s"),
        (r"dg|j", "x"),
        (r"x", "ks"),
        (r"g(?![eiy])|g", "k"),
        (r"d", "t"),
        (r"b", "p"),
        (r"(?<=.)[hw]", ""),
        (r"[aeiouy]+", "a"),
    )
]
_SENTENCE_END = re.compile(r"(?:^|[.!?:;]\s+|\n\s*)$")


def terms(*texts: str) -> list[str]:
    """Return the terms of job, profile and guide in order of appearance, at most MAX_TERMS.

    A term is a token with a digit, an inner capital or a symbol (EC2, PostgreSQL, C++), or a
    capitalised one that does not merely begin a sentence.
    """
    found: dict[str, str] = {}
    for text in texts:
        for match in _TOKEN.finditer(text):
            token = match.group().rstrip("./-")
            begins = bool(_SENTENCE_END.search(text[: match.start()]))
            if _is_term(token, begins_sentence=begins):
                found.setdefault(token.lower(), token)
    return list(found.values())[:MAX_TERMS]


def _is_term(token: str, *, begins_sentence: bool) -> bool:
    if len(token) < 2 or not any(c.isalpha() for c in token):
        return False
    marked = any(c.isdigit() or c in "+#" for c in token) or any(c.isupper() for c in token[1:])
    return marked or (token[0].isupper() and not begins_sentence)


def spoken_forms(term: str, *, numbers: bool = True) -> list[tuple[str, ...]]:
    """Return how a term is said or misheard in parts: EC2 as "e c two" and "ec two".

    Empty for a term that is one plain word: it may be an ordinary word of the language as well.
    """
    pieces = _PIECE.findall(term)
    if len(pieces) == 1 and not pieces[0].isupper():
        return []
    if all(piece.lower() in _LOOSE for piece in pieces[1:]) and len(pieces) > 1:
        return []
    forms: list[tuple[str, ...]] = [()]
    for piece in pieces:
        ways = _ways(piece, numbers=numbers)
        forms = [(*form, *way) for form in forms for way in ways][:16]
    if "." in term:
        forms += [_with_dots(term)]
    known = dict.fromkeys(form for form in forms if len(form) > 1)
    if len(term) > 3 and any(c.isupper() for c in term[1:]) and term.isalnum():
        known[(term.lower(),)] = None
    return list(known)


def _ways(piece: str, *, numbers: bool) -> list[tuple[str, ...]]:
    if piece == "+":
        return [("plus",)]
    if piece == "#":
        return [("sharp",)]
    if piece.isdigit():
        spelled = [tuple(_DIGITS[int(c)] for c in piece)] if numbers and len(piece) < 3 else []
        return [*spelled, (piece,)]
    if piece.isupper() and len(piece) > 1:
        return [tuple(piece.lower()), (piece.lower(),)]
    return [(piece.lower(),)]


def _with_dots(term: str) -> tuple[str, ...]:
    parts = (part.lower() for part in term.replace(".", " dot ").split())
    return tuple(parts)


def sound(text: str) -> str:
    """Return a compact key of how an English spelling sounds: consonants by class, one vowel.

    After Soundex and Metaphone: what recognizers mix up falls together (c/k/q, s/z, f/v/ph, d/t).
    """
    low = re.sub(r"[^a-z]", "", text.lower())
    for pattern, key in _SOUNDS:
        low = pattern.sub(key, low)
    return re.sub(r"(.)\1+", r"\1", low)
