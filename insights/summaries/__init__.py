"""What an interview came to: drafted, edited and signed by a person.

A summary is {"key", "title", "sentences"} sections; a stored sentence has

- "id", "text", "segments": what is shown, and the lines it rests on
- "basis": what the draft made it from, so that the next draft finds it again
- "edited", "own", "removed": what a person did; "by" who, as an id; "at" when it got its words
"""

from insights.summaries.editing import add_sentence, edit_sentence, remove_sentence
from insights.summaries.making import begin, check, due, go_on, make, renew
from insights.summaries.memo import NAME as NOTES
from insights.summaries.signing import reopen, restore, sign
from insights.summaries.versions import signed

__all__ = [
    "NOTES",
    "add_sentence",
    "begin",
    "check",
    "due",
    "edit_sentence",
    "go_on",
    "make",
    "remove_sentence",
    "renew",
    "reopen",
    "restore",
    "sign",
    "signed",
]
