from django.urls import path, register_converter
from django.urls.converters import StringConverter

from transcription.consumers import AudioConsumer


class RoleConverter(StringConverter):
    regex = "interviewer|candidate|room"


register_converter(RoleConverter, "role")

websocket_urlpatterns = [
    path("ws/sessions/<uuid:session_id>/audio/<role:role>/", AudioConsumer.as_asgi())
]
