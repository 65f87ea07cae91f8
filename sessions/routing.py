from django.urls import path

from sessions.consumers import LiveConsumer

websocket_urlpatterns = [path("ws/sessions/<uuid:session_id>/live/", LiveConsumer.as_asgi())]
