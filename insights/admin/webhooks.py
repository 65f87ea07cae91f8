"""Webhooks of an organization, what was sent to them, and sending it again."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminURLInputWidget

from accounts.administration import Scoped, prove
from copilot.lib.errors import DomainError
from insights.models import State, Webhook, WebhookDelivery
from insights.webhooks import endpoints
from insights.webhooks.kinds import CHOICES

WORKS, FAILS = _("works"), _("failing")
OFF, GIVEN_UP = _("off"), _("switched off after failures")
HEALTH = {WORKS: "success", FAILS: "warning", GIVEN_UP: "danger"}
STATES = {
    State.WAITING.label: "info",
    State.SENDING.label: "info",
    State.SENT.label: "success",
    State.FAILED.label: "danger",
}
REASONS = {
    "cannot_connect": _("Nobody answers at this address."),
    "no_such_host": _("This name has no address."),
    "bad_certificate": _("The server's certificate is not one of this name, or is over."),
    "too_slow": _("The answer took too long."),
    "connection_broke": _("The connection broke before there was an answer."),
    "private_address": _("This name leads to a private address, which the operator did not allow."),
    "not_https": _("The address is not https."),
    "worker_lost": _("The program was stopped in the middle."),
    "damaged": _("The stored secret does not open: rotate it."),
    endpoints.OFF: _("The webhook was switched off."),
}


def reason(code: str) -> str:
    """Return what an error's code means for a person."""
    if code.startswith("http_"):
        return str(_("The server answered %s.") % code.removeprefix("http_"))
    return str(REASONS.get(code, code))


class WebhookForm(forms.ModelForm):
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=UnfoldAdminURLInputWidget,
        help_text=_("https, on the public internet. It may hold a key: it is not written to logs."),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(name, f"{name} · {label}") for name, label in CHOICES],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None ticked: it is told all of them."),
    )

    def clean_url(self) -> str:
        try:
            return endpoints.check_url(self.cleaned_data["url"])
        except DomainError as refused:
            raise ValidationError(refused.detail) from None


@admin.register(Webhook)
class WebhookAdmin(Scoped):
    """Everything goes through `endpoints`; a secret is shown by the page that made it, once."""

    acts = frozenset({"view", "add", "change", "delete"})
    icon, title = "webhook", _("Webhooks")
    summary = _("Programs that are told what happens: ids, never words")
    form = WebhookForm
    list_display = ["url", "description", "health", "last_message"]
    list_select_related = ["organization"]
    actions = ["send_test", "rotate"]
    change_form_outer_before_template = "admin/insights/webhook/acts.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ["health", "rotation"] if obj else []
        return [
            "url",
            "description",
            "is_active",
            *shown,
            "events",
            *self._by_organization(request),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["health", "rotation", *super().get_readonly_fields(request, obj)]

    @display(description=_("state"), label=HEALTH)
    def health(self, webhook: Webhook) -> Any:
        if webhook.disabled_at is not None:
            return GIVEN_UP
        if not webhook.is_active:
            return OFF
        return FAILS if webhook.failing_since else WORKS

    @admin.display(description=_("secret"))
    def rotation(self, webhook: Webhook) -> Any:
        if webhook.old_until is None:
            return _("stored; shown once, when it was made")
        until = f"{localtime(webhook.old_until):%Y-%m-%d %H:%M}"
        return _("rotated; the one before signs too until %s") % until

    @admin.display(description=_("last message"), empty_value="–")
    def last_message(self, webhook: Webhook) -> str | None:
        row = webhook.deliveries.first()
        return f"{localtime(row.created_at):%Y-%m-%d %H:%M} {row.event}" if row else None

    # --- what is written

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # Asked for before the form is filled in: an address with a key waits in no session store.
        prove(request, keep=False)
        return super().get_form(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data
        wanted = {name: given[name] for name in ("url", "description", "is_active", "events")}
        if change:
            saved = endpoints.change(webhook=obj, **wanted)
        else:
            user: Any = request.user
            saved, request.made_secret = endpoints.create(  # type: ignore[attr-defined]  # for the answer
                organization=obj.organization, by=user, **wanted
            )
        obj.__dict__.update(saved.__dict__)  # what Django logs and shows is what was made

    def response_add(self, request: HttpRequest, obj: Any, *args: Any) -> HttpResponse:
        return self._tell(request, obj, request.made_secret)  # type: ignore[attr-defined]

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        prove(request)
        endpoints.remove(webhook=obj)

    # --- acts

    @admin.action(description=_("Send a test message"))
    def send_test(self, request: HttpRequest, chosen: QuerySet[Webhook]) -> None:
        for webhook in chosen:
            endpoints.test(webhook=webhook)
        messages.success(request, _("It is on its way; the log of messages tells how it went."))

    @admin.action(description=_("Rotate the secret"))
    def rotate(self, request: HttpRequest, chosen: QuerySet[Webhook]) -> HttpResponse | None:
        prove(request)
        if len(chosen) != 1:
            messages.error(request, _("Choose one: its new secret is shown only once."))
            return None
        webhook, secret = endpoints.rotate(webhook=chosen[0])
        self.log_change(request, webhook, _("Rotated."))
        return self._tell(request, webhook, secret)

    def _tell(self, request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
        """Answer with the secret itself: it waits in no message and no session."""
        context = {
            **self.admin_site.each_context(request),
            **self._frame(None, title=_("The secret of the webhook")),
            "webhook": webhook,
            "secret": secret,
            "rotated": webhook.old_until is not None,
        }
        return render(request, "admin/insights/webhook/secret.html", context)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(Scoped):
    """The log: read, and sent again."""

    organization_path = "webhook__organization"
    icon, title = "outbox", _("Messages to webhooks")
    summary = _("What was sent in the last 30 days, how it went, and sending it again")
    list_display = ["when", "event", "where", "how", "tries", "why"]
    list_filter = ["state", "event", ("webhook", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["webhook__organization"]
    fields = ["event", "where", "how", "why", "next_one", "when", "message", "log", "repeats"]
    actions = ["replay"]
    change_form_outer_before_template = "admin/insights/webhookdelivery/acts.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    @admin.display(description=_("when"))
    def when(self, row: WebhookDelivery) -> str:
        return f"{localtime(row.created_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("webhook"))
    def where(self, row: WebhookDelivery) -> str:
        return row.webhook.description or endpoints.host_of(row.webhook)

    @display(description=_("state"), label=STATES)
    def how(self, row: WebhookDelivery) -> Any:
        return State(row.state).label

    @admin.display(description=_("why"), empty_value="–")
    def why(self, row: WebhookDelivery) -> str | None:
        return reason(row.error) if row.error else None

    @admin.display(description=_("next attempt"), empty_value="–")
    def next_one(self, row: WebhookDelivery) -> str | None:
        return (
            f"{localtime(row.next_attempt_at):%Y-%m-%d %H:%M:%S}" if row.next_attempt_at else None
        )

    @admin.display(description=_("message"))
    def message(self, row: WebhookDelivery) -> str:
        pairs = [("webhook-id", row.pk), ("timestamp", row.body.get("timestamp", ""))]
        pairs += [*row.body.get("data", {}).items()]
        return format_html(
            '<dl class="webhook-message">{}</dl>',
            format_html_join("", "<dt>{}</dt><dd><code>{}</code></dd>", pairs),
        )

    @admin.display(description=_("attempts"), empty_value="–")
    def log(self, row: WebhookDelivery) -> str | None:
        if not row.attempts:
            return None
        lines = [
            (
                f"{attempt['at'][:19].replace('T', ' ')} UTC",
                reason(attempt["error"]) if attempt["error"] else f"{attempt['status']}",
                f"{attempt['ms']} ms",
            )
            for attempt in row.attempts
        ]
        rows = format_html_join("", "<li>{} · {} · {}</li>", lines)
        return format_html('<ol class="webhook-attempts">{}</ol>', rows)

    @admin.display(description=_("sent again from"), empty_value="–")
    def repeats(self, row: WebhookDelivery) -> str | None:
        if row.replay_of_id is None:
            return None
        place = reverse("admin:insights_webhookdelivery_change", args=[row.replay_of_id])
        return format_html('<a href="{}">{}</a>', place, row.replay_of_id)

    @admin.action(description=_("Send again"))
    def replay(self, request: HttpRequest, chosen: QuerySet[WebhookDelivery]) -> None:
        for row in chosen:
            endpoints.replay(delivery=row)
        messages.success(request, _("It is on its way, as a message of its own."))
