"""What is to be removed from an ATS because its interview was erased: above all by people."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.administration import Scoped, prove
from insights.deliveries import removals, wording
from insights.models import AtsRemoval, State

PARTS = {"note": _("Note"), "attachment": _("File"), "scorecard": _("Ratings")}


@admin.register(AtsRemoval)
class AtsRemovalAdmin(Scoped):
    acts = frozenset({"view", "change"})
    icon, title = "delete_forever", _("ATS removals")
    summary = _("What erased interviews left in applicant tracking systems")
    list_display = ["session_id", "connection", "standing", "created_at", "finished_at"]
    list_filter = ["state"]
    list_select_related = ["organization", "connection"]
    ordering = ["-created_at"]
    fields = ["session_id", "connection", "standing", "what", "created_at", "finished_at"]
    readonly_fields = fields
    actions = ["done", "again"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request) & removals.visible()

    def get_actions(self, request: HttpRequest) -> Any:
        found = super().get_actions(request)
        return {name: found[name] for name in self.actions if name in found}

    @display(description=_("state"), label={State.FAILED: "danger", State.SENT: "success"})
    def standing(self, removal: AtsRemoval) -> Any:
        told = {
            State.WAITING: _("waiting"),
            State.SENDING: _("being removed"),
            State.SENT: _("removed"),
            State.FAILED: _("to be removed by hand"),
        }
        return removal.state, told.get(State(removal.state), removal.state)

    @admin.display(description=_("what is over there"))
    def what(self, removal: AtsRemoval) -> str:
        remote = removal.remote
        if not remote:
            return gettext("Nothing any more.")
        target = remote["target"]
        whom = gettext("Candidate %(candidate)s, application %(application)s") % {
            "candidate": target["candidate"] or "–",
            "application": target["application"] or "–",
        }
        parts = [
            f"{PARTS.get(name, name)}: {remote_id or gettext('perhaps')}"
            for name, remote_id in remote["parts"].items()
        ]
        why = " ".join(wording.sentences(removal.error)) if removal.error else ""
        mark = gettext("It ends with %(mark)s.") % {"mark": remote.get("mark", "")}
        pieces = [remote.get("system", ""), whom, *parts, mark, why]
        return " · ".join(piece for piece in pieces if piece)

    @admin.action(description=_("It was removed by hand"))
    def done(self, request: HttpRequest, queryset: Any) -> None:
        prove(request)
        count = sum(removals.done_by_hand(removal) for removal in queryset)
        messages.success(request, gettext("%(n)d marked as removed.") % {"n": count})

    @admin.action(description=_("Let the program try again"))
    def again(self, request: HttpRequest, queryset: Any) -> None:
        count = sum(removals.try_again(removal) for removal in queryset)
        messages.success(request, gettext("%(n)d are tried again.") % {"n": count})
