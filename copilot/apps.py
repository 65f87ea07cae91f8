from django.apps import AppConfig
from django.conf import settings

from copilot import tracing
from copilot.lib import logs


class CopilotConfig(AppConfig):
    name = "copilot"
    verbose_name = "Interview Copilot"

    def ready(self) -> None:
        if not settings.DEBUG:
            logs.take_over()
        if settings.SENTRY_DSN:
            # The library takes a while to load, and nobody else needs it.
            from copilot.lib import reporting

            reporting.start(
                settings.SENTRY_DSN, environment=settings.INTERVIEW_MODE, ids=tracing.ids
            )
