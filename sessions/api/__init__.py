"""REST of interviews, guides and what people write beside them; `copilot.api` names addresses."""

from sessions.api.consent import (
    CandidateLink,
    CandidateRequest,
    Consent,
    ConsentNotice,
    ConsentRefused,
    Consents,
    ConsentWithdrawn,
)
from sessions.api.devices import Device, Devices
from sessions.api.guides import Guide, Guides
from sessions.api.interviews import End, Hold, Retention, SessionDetail, Start
from sessions.api.listing import SessionList
from sessions.api.notes import Notes, OneNote
from sessions.api.scorecards import MyScorecard, ScorecardPanel, Scorecards, SubmitScorecard
from sessions.api.sharing import OneShare, Shares, Visibility

__all__ = [
    "CandidateLink",
    "CandidateRequest",
    "Consent",
    "ConsentNotice",
    "ConsentRefused",
    "ConsentWithdrawn",
    "Consents",
    "Device",
    "Devices",
    "End",
    "Guide",
    "Guides",
    "Hold",
    "MyScorecard",
    "Notes",
    "OneNote",
    "OneShare",
    "Retention",
    "ScorecardPanel",
    "Scorecards",
    "SessionDetail",
    "SessionList",
    "Shares",
    "Start",
    "SubmitScorecard",
    "Visibility",
]
