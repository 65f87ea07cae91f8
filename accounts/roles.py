"""Roles in an organization and what each may do; nothing else decides by role."""

from enum import StrEnum


class Role(StrEnum):
    ADMIN = "admin"
    INTERVIEWER = "interviewer"
    VIEWER = "viewer"


class Act(StrEnum):
    CREATE_SESSION = "create_session"
    RECORD = "record"  # may hold a recording permission on a session
    ANY_SESSION = "any_session"  # view, share and delete every session of the organization
    MANAGE = "manage"  # members, guides and settings in Django admin
    PRIVACY = "privacy"  # notices, legal holds, what candidates ask for, receipts of erasure


ACTS: dict[Role, frozenset[Act]] = {
    Role.ADMIN: frozenset(Act),
    Role.INTERVIEWER: frozenset({Act.CREATE_SESSION, Act.RECORD}),
    Role.VIEWER: frozenset(),
}


def allows(role: str, act: Act) -> bool:
    return act in ACTS.get(Role(role), frozenset())


class Scope(StrEnum):
    """What an API token is good for, within what its user may do."""

    READ = "read"  # GET, and listening to live events
    WRITE = "write"  # everything else in the REST API
    AUDIO = "audio"  # sending audio into an interview
