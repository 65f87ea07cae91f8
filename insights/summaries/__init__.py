"""What an interview came to: drafted by rules, edited by a person.

A summary is {"key", "title", "sentences"} sections; a stored sentence has

- "id", "text", "segments": what is shown, and the lines it rests on
- "basis": what the draft made it from, so that the next draft finds it again
- "edited", "own", "removed": what a person did; "by" who, as an id; "at" when it got its words
"""

from insights.summaries.editing import add_sentence, edit_sentence, remove_sentence
from insights.summaries.making import begin, check, due, make, renew

__all__ = [
    "add_sentence",
    "begin",
    "check",
    "due",
    "edit_sentence",
    "make",
    "remove_sentence",
    "renew",
]
