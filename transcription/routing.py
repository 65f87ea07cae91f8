from django.urls import path, register_converter
from django.urls.converters import StringConverter

from transcription.consumers import AudioConsumer, VoskConsumer


class RoleConverter(StringConverter):
    regex = "interviewer|candidate|room"


register_converter(RoleConverter, "role")

websocket_urlpatterns = [
    path("ws/sessions/<uuid:session_id>/audio/<role:role>/", AudioConsumer.as_asgi()),
    path("ws/vosk/<uuid:session_id>/<role:role>/", VoskConsumer.as_asgi()),
]
