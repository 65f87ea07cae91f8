"""What webhooks are told: stable names, which acts they come from, where to read the rest."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.kinds import Event


class Kind(TextChoices):
    SESSION_STARTED = "session.started", _("an interview started")
    SESSION_ENDED = "session.ended", _("an interview ended")
    SESSION_ERASED = "session.erased", _("an interview was erased")
    CONSENT_GIVEN = "consent.given", _("a candidate agreed")
    CONSENT_REFUSED = "consent.refused", _("a candidate refused")
    CONSENT_WITHDRAWN = "consent.withdrawn", _("a candidate withdrew consent")
    CANDIDATE_ASKED = "candidate.asked", _("a candidate asks for something")
    UPLOAD_FINISHED = "upload.finished", _("a recording was written down, or could not be")
    SUMMARY_READY = "summary.ready", _("a summary was drafted")
    SUMMARY_SIGNED = "summary.signed", _("a summary was signed")
    SCORECARD_SUBMITTED = "scorecard.submitted", _("somebody submitted ratings")
    ATS_DELIVERED = "ats.delivered", _("a result arrived in an ATS")
    ATS_FAILED = "ats.failed", _("a result could not be sent to an ATS")
    TEST = "webhook.test", _("somebody tests the webhook")


# Told to whoever is tested, whatever they listen to.
CHOICES = [(kind.value, kind.label) for kind in Kind if kind != Kind.TEST]

# Acts whose trace in the audit is the event. The others: a recording is written down when its
# interview ends, an erasure is told with its receipt, a draft is no act of a person.
OF_ACT = {
    Event.SESSION_STARTED: Kind.SESSION_STARTED,
    Event.SESSION_ENDED: Kind.SESSION_ENDED,
    Event.CONSENT_RECORDED: Kind.CONSENT_GIVEN,
    Event.CONSENT_REFUSED: Kind.CONSENT_REFUSED,
    Event.CONSENT_WITHDRAWN: Kind.CONSENT_WITHDRAWN,
    Event.CANDIDATE_ASKED: Kind.CANDIDATE_ASKED,
    Event.SUMMARY_SIGNED: Kind.SUMMARY_SIGNED,
    Event.SCORECARD_SUBMITTED: Kind.SCORECARD_SUBMITTED,
    Event.ATS_PUSHED: Kind.ATS_DELIVERED,
    Event.ATS_FAILED: Kind.ATS_FAILED,
}

# How an object is called in the data, by its model; the interview is there anyway.
NAMES = {
    "insights.atsdelivery": "delivery",
    "interviews.candidaterequest": "request",
    "transcription.upload": "upload",
}

API = "/api/v1/"
SESSION = API + "sessions/{session}/"
# Where the API tells the rest; all others lead to the interview. Of what is erased nothing is left.
PLACES = {
    Kind.SESSION_ERASED: "",
    Kind.UPLOAD_FINISHED: API + "uploads/{upload}/",
    Kind.SUMMARY_READY: SESSION + "summary/",
    Kind.SUMMARY_SIGNED: SESSION + "summary/",
    Kind.SCORECARD_SUBMITTED: SESSION + "scorecards/",
    Kind.ATS_DELIVERED: SESSION + "ats/deliveries/",
    Kind.ATS_FAILED: SESSION + "ats/deliveries/",
    Kind.TEST: API + "webhooks/{webhook}/",
}


def place_of(kind: Kind, ids: dict[str, str]) -> str:
    return PLACES.get(kind, SESSION).format(**ids)
