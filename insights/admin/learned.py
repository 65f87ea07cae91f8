"""The question bank: what an organization's feedback taught it, by skill and competency."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.administration import Scoped
from insights.models import BankQuestion


@admin.register(BankQuestion)
class BankQuestionAdmin(Scoped):
    """Questions come from feedback only; one that should not come again is deleted."""

    acts = frozenset({"view", "delete"})
    icon, title = "school", _("Question bank")
    summary = _("Questions that proved useful, or did not; about nobody in particular")
    list_display = ["__str__", "skill", "competency", "language", "used", "wrong", "updated_at"]
    list_filter = ["language"]
    list_select_related = ["organization"]
    search_fields = ["skill", "competency"]
    ordering = ["-used", "wrong"]
    fields = ["text", "skill", "competency", "language", "used", "wrong", "updated_at"]
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.fields, *super().get_readonly_fields(request, obj)]
