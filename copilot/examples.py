"""Example requests of the REST API, as the schema shows them: by operation, one body each."""

from typing import Any

SESSION = "0f6f1f2e-6d0b-4c55-9a57-3f1f6f0c8a11"  # of interviews
OTHER = "5b2d8f04-9c1e-4f39-8d7a-6e2b1c0a9f33"  # of whatever else has a UUID

GUIDE = {
    "title": "Backend engineer",
    "competencies": [
        {
            "name": "Design",
            "description": "Chooses what fits, and says why.",
            "anchors": ["Names tools", "", "Weighs two ways", "", "Measured what they chose"],
            "questions": [{"text": "How did you measure it?", "minutes": 5}],
        }
    ],
}
ANSWER = {"method": "verbal"}
ORDER = {
    "connection": OTHER,
    "target": {"candidate": "40123", "application": "51877", "label": "Daniel Reyes"},
    "parts": ["note", "attachment"],
    "version": 1,
}

REQUESTS: dict[str, Any] = {
    "guides_create": GUIDE,
    "guides_write": {**GUIDE, "updated_at": "2026-11-02T09:30:00Z"},
    "guides_check": {"questions": ["How old are you?"]},
    "sessions_create": {
        "title": "Backend engineer, first interview",
        "job": "Backend engineer",
        "candidate_name": "Daniel Reyes",
        "language": "en",
        "planned_minutes": 45,
        "visibility": "private",
    },
    "sessions_change": {"job": "Backend engineer, payments"},
    "sessions_hold": {"hold": True},
    "sessions_retention": {"expires_at": "2030-11-30T09:00:00Z"},
    "shares_give": {"email": "ben@northwind.example", "level": "comment"},
    "shares_visibility": {"visibility": "shared"},
    "candidate_link_make": {"mail": False},
    "candidate_request_answer": {"grant": True, "why": "Here it is."},
    "consent_give": ANSWER,
    "consent_refuse": ANSWER,
    "consent_withdraw": ANSWER,
    "devices_invite": {"channel": "candidate"},
    "notes_add": {"text": "Ask about load.", "seconds_ago": 30},
    "notes_change": {"text": "Ask about load and cost."},
    "segments_correct": {"text": "I moved forty services.", "role": "candidate"},
    "off_record_begin": {"seconds": 30},
    "insights_feedback": {"feedback": "used"},
    "guide_questions_tick": {"asked": True},
    "summary_make": {"language": "de", "template": None},
    "summary_edit": {"revision": 12, "section": "next", "text": "Meet the team on Friday."},
    "summary_sign": {"revision": 12},
    "summary_versions_restore": {"revision": 14},
    "scorecards_save": {
        "ratings": {"1": {"value": 4, "comment": "Measured before and after.", "segments": []}},
        "overall": {"recommendation": "yes", "text": "Knows what it costs."},
    },
    "ats_candidates_search": {"q": "daniel@example.com"},
    "ats_preview": ORDER,
    "ats_deliveries_order": ORDER,
    "tokens_create": {"name": "Nightly report", "scopes": ["read"], "days": 90},
    "uploads_create": {
        "title": "Recorded call",
        "size": 1_920_044,
        "roles": ["interviewer", "candidate"],
        "consent": {"method": "written"},
    },
    "webhooks_create": {
        "url": "https://hooks.example.org/interviews",
        "events": ["summary.signed", "session.erased"],
        "description": "Tells the recruiting desk",
    },
    "webhooks_change": {"is_active": True},
}
