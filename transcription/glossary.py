"""The terms worth telling a recognizer before an interview: names of tools, not prose."""

import re

MAX_TERMS = 60
_TOKEN = re.compile(r"[^\W_][\w+#./-]*")
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
