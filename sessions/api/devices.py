"""REST: second devices of an interview."""

from typing import Any, cast
from uuid import UUID

import segno
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Endpoint
from copilot.lib.openapi import paged
from sessions import access, devices
from sessions.access import Perm
from sessions.serializers import device_json
from sessions.shapes import DeviceCode, DeviceShape


class DeviceInput(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=devices.CHANNELS)


class Devices(Endpoint):
    """Second devices of an interview: who is in, and a code that lets one more in."""

    @extend_schema(operation_id="devices_list", responses={200: paged(DeviceShape)})
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return the devices that joined."""
        session = access.get_session(request.user, session_id, Perm.RECORD)
        order = ("-created_at", "-pk")
        return self.page(request, devices.devices_of(session), device_json, order)

    @extend_schema(operation_id="devices_invite", request=DeviceInput, responses={201: DeviceCode})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Make a code that lets one device join one channel; for people only."""
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
    @extend_schema(operation_id="devices_remove", responses={204: None})
    def delete(self, request: Request, session_id: UUID, device_id: UUID) -> Response:
        """Put a device out."""
        session = access.get_session(request.user, session_id, Perm.RECORD)
        devices.remove(session=session, device_id=device_id)
        return Response(status=204)
