from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "interviews"  # django.contrib.sessions owns the label "sessions"
    verbose_name = _("Interview sessions")

    def ready(self) -> None:
        from sessions import receivers  # models must be loaded first

        receivers.connect()
