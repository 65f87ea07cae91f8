"""REST: what is known of an interview before it is held, by the rules of the page's form."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import Organization, User
from sessions import access, resumes, services
from sessions.forms.preparing import MINUTES, MOST_MINUTES, minutes_of
from sessions.models import Guide, Session

SEALED = ("candidate_name", "candidate_email", "profile")  # empty ones are not there at all


class PreparedInput(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160)
    job = serializers.CharField(max_length=160, required=False, allow_blank=True)
    candidate_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    candidate_email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    country = serializers.RegexField(
        r"^[A-Za-z]{2}$",
        required=False,
        allow_blank=True,
        error_messages={"invalid": "Two letters, such as DE or US."},
        help_text="Where the candidate is, ISO 3166-1; it decides what they are told.",
    )
    language = serializers.CharField(max_length=8, required=False)
    guide = serializers.UUIDField(required=False, allow_null=True)
    planned_minutes = serializers.IntegerField(
        min_value=1,
        max_value=MOST_MINUTES,
        required=False,
        allow_null=True,
        help_text="null: as long as the guide plans.",
    )
    profile = serializers.CharField(
        max_length=resumes.MOST_CHARS, required=False, allow_blank=True, help_text="A résumé."
    )
    visibility = serializers.ChoiceField(choices=Session.Visibility.choices, required=False)


class PreparedChange(PreparedInput):
    """What of it changes; what is not named stays."""

    title = serializers.CharField(max_length=160, required=False)


def create(given: dict[str, Any], *, user: User, organization: Organization) -> Session:
    about = {**given, "guide": _guide(given.get("guide"), user, organization)}
    about["planned_minutes"] = about.get("planned_minutes") or _minutes(about["guide"])
    return services.create_session(owner=user, organization=organization, **about)


def change(given: dict[str, Any], *, user: User, session: Session) -> Session:
    """Change what is named and nothing else; raise DomainError `too_late` where it has begun."""
    about = dict(given)
    visibility = about.pop("visibility", None)
    if "guide" in about:
        about["guide"] = _guide(about["guide"], user, session.organization)
    if "planned_minutes" in about and about["planned_minutes"] is None:
        about["planned_minutes"] = _minutes(about.get("guide", session.guide))
    if "country" in about:
        about["country"] = about["country"].upper()
    for name in SEALED:
        if name in about:
            about[name] = about[name] or None
    session = services.change_session(session=session, **about)
    if visibility is not None:
        services.set_visibility(session=session, visibility=visibility)
    return access.get_session(user, session.pk)


def _guide(guide_id: Any, user: User, organization: Organization) -> Guide | None:
    if guide_id is None:
        return None
    seen = access.guides_visible_to(user).filter(organization=organization)
    guide = seen.filter(pk=guide_id).first()
    if guide is None:
        raise serializers.ValidationError({"guide": [_("There is no such guide.")]})
    return guide


def _minutes(guide: Guide | None) -> int:
    return (minutes_of(guide) if guide else 0) or MINUTES
