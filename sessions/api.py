"""REST: sessions and the acts on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

import segno
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.queries import may
from accounts.rest import Endpoint
from accounts.roles import Act
from copilot.lib.sealed import opened
from sessions import (
    access,
    candidates,
    consents,
    devices,
    guides,
    notes,
    notices,
    retention,
    scorecards,
    services,
)
from sessions.access import Perm
from sessions.guides.checks import Refused
from sessions.models import ConsentRecord, Erasure, Note, Session
from sessions.queries import notes_after
from sessions.serializers import (
    device_json,
    guide_head_json,
    guide_json,
    link_json,
    note_json,
    request_json,
    session_json,
    sessions_json,
)

# "link" is for the candidate's own page, not for somebody to say on their behalf.
NOTED_HERE = (ConsentRecord.Method.VERBAL, ConsentRecord.Method.WRITTEN)
LONGEST_MS = 7 * 24 * 3600 * 1000  # no interview lasts as long


class SessionList(Endpoint):
    def get(self, request: Request) -> Response:
        return Response({"results": sessions_json(access.sessions_visible_to(request.user))})


class SessionDetail(Endpoint):
    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        return Response({**session_json(session), "may": access.perms_of(request.user, session)})

    def delete(self, request: Request, session_id: UUID) -> Response:
        """Erase the interview now, whatever its time; 409 `kept` under a legal hold."""
        session = access.get_session(request.user, session_id, Perm.DELETE)
        retention.erase_now(
            session=session, reason=Erasure.Reason.PERSON, by=cast("User", request.user)
        )
        return Response(status=204)


class RetentionInput(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()


class Retention(Endpoint):
    def patch(self, request: Request, session_id: UUID) -> Response:
        """Move the moment at which the interview is erased."""
        session = access.get_session(request.user, session_id, Perm.DELETE)
        given = RetentionInput(data=request.data)
        given.is_valid(raise_exception=True)
        session = retention.extend(
            session=session,
            until=given.validated_data["expires_at"],
            by=cast("User", request.user),
        )
        return Response(session_json(session))


class HoldInput(serializers.Serializer[Any]):
    hold = serializers.BooleanField()


class Hold(Endpoint):
    """A legal hold: for those who answer for the organization's candidates."""

    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        if not may(request.user, Act.PRIVACY, session.organization_id):
            raise Http404("not for you")
        given = HoldInput(data=request.data)
        given.is_valid(raise_exception=True)
        session = retention.hold(session=session, hold=given.validated_data["hold"])
        return Response(session_json(session))


class ConsentInput(serializers.Serializer[Any]):
    method = serializers.ChoiceField(choices=NOTED_HERE)
    given_by = serializers.CharField(max_length=120, default="", allow_blank=True)
    name = serializers.CharField(max_length=120, default="", allow_blank=True)  # the same, of old


class Consent(Endpoint):
    """What the candidate answered, noted by who holds the interview."""

    def post(self, request: Request, session_id: UUID) -> Response:
        session, given = self._given(request, session_id)
        consents.record_consent(
            session=session,
            noted_by=cast("User", request.user),
            method=given["method"],
            given_by=given["given_by"] or given["name"],
        )
        return Response(session_json(session), status=201)

    def _given(self, request: Request, session_id: UUID) -> tuple[Session, dict[str, Any]]:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        given = ConsentInput(data=request.data)
        given.is_valid(raise_exception=True)
        return session, given.validated_data


class ConsentRefused(Consent):
    def post(self, request: Request, session_id: UUID) -> Response:
        session, given = self._given(request, session_id)
        by = cast("User", request.user)
        consents.refuse(session=session, method=given["method"], by=by, given_by=given["given_by"])
        return Response(session_json(session), status=201)


class ConsentWithdrawn(Consent):
    def post(self, request: Request, session_id: UUID) -> Response:
        session, given = self._given(request, session_id)
        by = cast("User", request.user)
        consents.withdraw(session=session, method=given["method"], by=by)
        return Response(session_json(session))


class ConsentNotice(Endpoint):
    def get(self, request: Request, session_id: UUID) -> Response:
        """Answer what the candidate is told, in the interview's language or a wanted one."""
        session = access.get_session(request.user, session_id)
        notice = notices.notice_for(
            session,
            recording=notices.of_recording(session),
            language=request.query_params.get("language", ""),
        )
        return Response({**asdict(notice), "languages": notices.languages_for(session)})


class LinkInput(serializers.Serializer[Any]):
    mail = serializers.BooleanField(default=False)
    email = serializers.EmailField(max_length=254, default="", allow_blank=True)


class CandidateLink(Endpoint):
    """The way to the candidate's own page: whoever has it speaks for the candidate."""

    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        given = LinkInput(data=request.data)
        given.is_valid(raise_exception=True)
        with transaction.atomic():  # no link without the mail that it was made for
            link, path = candidates.make_link(session=session, by=cast("User", request.user))
            url = request.build_absolute_uri(path)
            if given.validated_data["mail"]:
                address = given.validated_data["email"]
                candidates.mail_link(link=link, url=url, address=address)
        picture = segno.make(url, error="l").svg_data_uri(scale=4, border=2)
        return Response({**link_json(link), "url": url, "qr": picture}, status=201)

    def delete(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        candidates.revoke_links(session=session)
        return Response(status=204)


class AnswerInput(serializers.Serializer[Any]):
    grant = serializers.BooleanField()
    why = serializers.CharField(max_length=candidates.MOST_WHY, default="", allow_blank=True)


class CandidateRequest(Endpoint):
    def post(self, request: Request, session_id: UUID, request_id: UUID) -> Response:
        """Answer the candidate; to who does not decide about it there is no such request."""
        session = access.get_session(request.user, session_id)
        asked = session.requests.filter(pk=request_id).first()
        by = cast("User", request.user)
        if asked is None or not candidates.may_answer(by, asked):
            raise Http404("no such request")
        given = AnswerInput(data=request.data)
        given.is_valid(raise_exception=True)
        done = candidates.answer(request=asked, by=by, **given.validated_data)
        return Response(request_json(done))


class Start(Endpoint):
    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        return Response(session_json(services.start_session(session=session)))


class End(Endpoint):
    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        return Response(session_json(services.end_session(session=session)))


class NoteInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=notes.NOTE_CHARS, default="", allow_blank=True)
    kind = serializers.ChoiceField(choices=Note.Kind.choices, default=Note.Kind.NOTE)
    id = serializers.UUIDField(required=False, source="note_id")
    segment = serializers.UUIDField(required=False)  # no line of that id: it shows at its time
    at_ms = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_MS)
    seconds_ago = serializers.IntegerField(required=False, min_value=0, max_value=600)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] == Note.Kind.NOTE and not attrs["text"]:
            raise serializers.ValidationError({"text": [_("A note has words.")]})
        return attrs


class NoteChange(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=notes.NOTE_CHARS, allow_blank=True)
    writing = serializers.BooleanField(default=False)


class Notes(Endpoint):
    """What people wrote beside the interview: everybody who sees it reads, some may write."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        services.note_view(session)
        return Response({"results": opened(notes_after(session), note_json)})

    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        given = NoteInput(data=request.data)
        given.is_valid(raise_exception=True)
        author = cast("User", request.user)
        note = notes.add_note(session=session, author=author, **given.validated_data)
        return Response(note_json(note), status=201)


class OneNote(Endpoint):
    """A note of one's own; those of others are as if they were not there."""

    def patch(self, request: Request, session_id: UUID, note_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        given = NoteChange(data=request.data)
        given.is_valid(raise_exception=True)
        author = cast("User", request.user)
        note = notes.change_note(
            session=session, author=author, note_id=note_id, **given.validated_data
        )
        return Response(note_json(note))

    def delete(self, request: Request, session_id: UUID, note_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        notes.remove_note(session=session, author=cast("User", request.user), note_id=note_id)
        return Response(status=204)


class ScorecardInput(serializers.Serializer[Any]):
    ratings = serializers.DictField()  # checked against the guide where it is kept


class Scorecards(Endpoint):
    """One's own ratings, and those of others once they are for one to see."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id)
        services.note_view(session)
        return Response(scorecards.overview(session, cast("User", request.user)))


class MyScorecard(Endpoint):
    def put(self, request: Request, session_id: UUID) -> Response:
        """Keep the ratings of the competencies that are named; the others stay as they are."""
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        given = ScorecardInput(data=request.data)
        given.is_valid(raise_exception=True)
        author = cast("User", request.user)
        scorecards.save(session=session, author=author, ratings=given.validated_data["ratings"])
        return Response(scorecards.overview(session, author))


class SubmitScorecard(Endpoint):
    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.COMMENT)
        author = cast("User", request.user)
        scorecards.submit(session=session, author=author)
        return Response(scorecards.overview(session, author))


class DeviceInput(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=devices.CHANNELS)


class Devices(Endpoint):
    """Second devices of an interview: who is in, and a code that lets one more in."""

    def get(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        return Response({"results": [device_json(d) for d in devices.devices_of(session)]})

    def post(self, request: Request, session_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        given = DeviceInput(data=request.data)
        given.is_valid(raise_exception=True)
        row, code = devices.make_code(
            session=session,
            channel=given.validated_data["channel"],
            by=cast("User", request.user),
        )
        url = request.build_absolute_uri(reverse("join"))
        made = {
            "code": code,
            "channel": row.channel,
            "expires_at": row.expires_at.isoformat(),
            "url": url,
            # What follows # stays in the device's browser: no server's log has the code.
            "qr": segno.make(f"{url}#{code}", error="m").svg_data_uri(scale=4, border=2),
        }
        return Response(made, status=201)


class Device(Endpoint):
    def delete(self, request: Request, session_id: UUID, device_id: UUID) -> Response:
        session = access.get_session(request.user, session_id, Perm.RECORD)
        devices.remove(session=session, device_id=device_id)
        return Response(status=204)


class GuideInput(serializers.Serializer[Any]):
    """What goes with a guide; the guide itself is checked where it is written."""

    of_organization = serializers.BooleanField(required=False, allow_null=True, default=None)
    updated_at = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")


@contextmanager
def _by_field() -> Iterator[None]:
    """Answer what is wrong with a guide like what is wrong with any other form."""
    try:
        yield
    except Refused as refused:
        fields = {place: [problem] for place, problem in refused.problems.items()}
        raise serializers.ValidationError(fields) from None


class Guides(Endpoint):
    def get(self, request: Request) -> Response:
        found = access.guides_visible_to(request.user)
        return Response({"results": [guide_head_json(guide) for guide in found]})

    def post(self, request: Request) -> Response:
        organization = access.home_of_guides(request.user)
        given = GuideInput(data=request.data)
        given.is_valid(raise_exception=True)
        with _by_field():
            guide = guides.create(
                organization=organization,
                by=cast("User", request.user),
                plan=request.data,
                of_organization=bool(given.validated_data["of_organization"]),
            )
        return Response(guide_json(guide), status=201)


class Guide(Endpoint):
    def get(self, request: Request, guide_id: UUID) -> Response:
        return Response(guide_json(access.get_guide(request.user, guide_id)))

    def put(self, request: Request, guide_id: UUID) -> Response:
        guide = access.get_guide(request.user, guide_id, edit=True)
        given = GuideInput(data=request.data)
        given.is_valid(raise_exception=True)
        with _by_field():
            guide = guides.change(
                guide=guide,
                by=cast("User", request.user),
                plan=request.data,
                seen=given.validated_data["updated_at"],
                of_organization=given.validated_data["of_organization"],
            )
        return Response(guide_json(guide))

    def delete(self, request: Request, guide_id: UUID) -> Response:
        guides.delete(guide=access.get_guide(request.user, guide_id, edit=True))
        return Response(status=204)
