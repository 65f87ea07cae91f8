"""What language models took for an organization, day by day."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.administration import Scoped
from insights.models import LlmSpending


@admin.register(LlmSpending)
class LlmSpendingAdmin(Scoped):
    icon, title = "payments", _("Language model")
    summary = _("Calls, tokens and cost of each day")
    list_display = ["day", "calls", "tokens_in", "tokens_out", "cost"]
    list_select_related = ["organization"]
    fields = readonly_fields = ["day", "calls", "tokens_in", "tokens_out", "cost"]
