"""The ASGI application: pages and API by Django, sockets behind origin and sign-in."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "copilot.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

pages = get_asgi_application()  # sets Django up: what follows imports models

from accounts import keys
from copilot import embedded
from copilot.api import SmallBodies, keep_in_memory
from copilot.sockets import Identify, Refuse
from copilot.tracing import Traced
from sessions.routing import websocket_urlpatterns as live
from transcription.routing import websocket_urlpatterns as audio

keys.stop_unless_ours()
keep_in_memory()
sockets = Identify(URLRouter([*audio, *live, re_path("", Refuse.as_asgi())]))
application = Traced(ProtocolTypeRouter({"http": SmallBodies(pages), "websocket": sockets}))

embedded.start_if_wanted()
