"""What a candidate is told before recording. A changed text is a new version."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Notice:
    version: str
    text: str


def model_reads_along() -> bool:
    """Tell whether a language model is configured, here or elsewhere."""
    return bool(settings.INTERVIEW_LLM_BASE_URL or settings.INTERVIEW_LLM_API_KEY)


def current() -> Notice:
    """Return the notice that is true of this installation."""
    if model_reads_along():
        return Notice(
            "2026-11-model",
            _(
                "This conversation is transcribed while we talk; the sound stays on our own "
                "machine. A language model reads the text, with personal details removed, to help "
                "the interviewer listen and ask. Nothing is inferred from your voice, and a "
                "person makes every decision. The transcript is deleted after the retention "
                "time. You may say no, or stop at any time."
            ),
        )
    return Notice(
        "2026-11",
        _(
            "This conversation is transcribed while we talk, on our own machine. The text helps "
            "the interviewer to listen and to ask; personal details are removed before it is "
            "stored, nothing is inferred from your voice, and a person makes every decision. The "
            "transcript is deleted after the retention time. You may say no, or stop at any time."
        ),
    )


def of_recording() -> Notice:
    """Return the notice for a conversation that was recorded before and is uploaded."""
    if model_reads_along():
        return Notice(
            "2026-11-recording-model",
            _(
                "The recording of our conversation is transcribed on our own machine and deleted "
                "afterwards. A language model reads the text, with personal details removed, to "
                "help the interviewer look back. Nothing is inferred from your voice, and a person "
                "makes every decision. The transcript is deleted after the retention time. You may "
                "say no."
            ),
        )
    return Notice(
        "2026-11-recording",
        _(
            "The recording of our conversation is transcribed on our own machine and deleted "
            "afterwards. The text helps the interviewer to look back; personal details are removed "
            "before it is stored, nothing is inferred from your voice, and a person makes every "
            "decision. The transcript is deleted after the retention time. You may say no."
        ),
    )
