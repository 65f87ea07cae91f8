from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from copilot.lib.latency import drain_into


class InsightsConfig(AppConfig):
    name = "insights"
    verbose_name = _("Insights")

    def ready(self) -> None:
        from insights import latency, receivers  # models must be loaded first

        receivers.connect()
        if settings.INTERVIEW_LATENCY_INTERVAL:
            drain_into(latency.drain, every=settings.INTERVIEW_LATENCY_INTERVAL)
