"""Webhooks in the administration: proofs of identity, secrets shown once, messages sent again."""

import pytest
from django.contrib.sessions.models import Session as SignIn

from insights import webhooks
from insights.models import State, Webhook, WebhookDelivery
from insights.webhooks import endpoints
from tests.admin_world import make_world, signed_in
from tests.insights.webhook_server import Receiver

PLACE = "/admin/insights/webhook/"
LOG = "/admin/insights/webhookdelivery/"


@pytest.fixture
def here(transactional_db):
    return make_world("here")


@pytest.fixture
def client(here):
    return signed_in(here.admin)


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.close()


def act(client, place, action, *rows):
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(place, data, follow=True)


def said(page):
    return page.content.decode()


def test_a_webhook_is_added_and_its_secret_shown_once(client, here, receiver):
    form = {"url": receiver.url, "description": "Ours", "is_active": "on"}
    page = client.post(f"{PLACE}add/", {**form, "events": ["session.ended", "summary.signed"]})
    made = Webhook.objects.exclude(pk=here.objects[Webhook].pk).get()
    assert (made.created_by, made.organization) == (here.admin, here.organization)
    assert made.events == ["session.ended", "summary.signed"]
    assert page.status_code == 200
    assert made.secret in said(page)
    assert "no-store" in page.headers["Cache-Control"]
    for place in (PLACE, f"{PLACE}{made.pk}/change/", f"{PLACE}{made.pk}/history/", LOG):
        assert made.secret not in said(client.get(place))
    assert not [s for s in SignIn.objects.all() if made.secret in str(s.get_decoded())]
    assert made.secret not in str(client.cookies)


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://10.0.0.1/", "https://a:b@example.com/", "nonsense"]
)
def test_a_wrong_address_is_told_beside_the_field(client, here, url):
    page = client.post(f"{PLACE}add/", {"url": url, "is_active": "on"})
    assert page.status_code == 200
    assert Webhook.objects.count() == 1
    assert "errorlist" in said(page) or "error" in said(page)
    place = f"{PLACE}{here.objects[Webhook].pk}/change/"
    client.post(place, {"url": url, "is_active": "on"})
    assert here.objects[Webhook].url == Webhook.objects.get().url


def test_a_change_goes_through_the_service(client, here):
    mine = here.objects[Webhook]
    client.post(f"{PLACE}{mine.pk}/change/", {"url": mine.url, "description": "New"})
    mine.refresh_from_db()
    assert (mine.description, mine.is_active) == ("New", False)
    assert here.objects[WebhookDelivery].__class__.objects.get().state == State.CANCELLED


def test_the_form_and_dangerous_acts_need_a_proof(here):
    late = signed_in(here.admin, proven=False)
    mine = here.objects[Webhook]
    for place in (f"{PLACE}add/", f"{PLACE}{mine.pk}/change/"):
        assert "reauthenticate" in late.get(place).url
    before = mine.secret
    data = {"action": "rotate", "_selected_action": [mine.pk]}
    assert "reauthenticate" in late.post(PLACE, data).url
    assert Webhook.objects.get(pk=mine.pk).secret == before


def test_rotating_shows_the_new_secret(client, here):
    mine = here.objects[Webhook]
    page = act(client, PLACE, "rotate", mine)
    mine.refresh_from_db()
    assert mine.secret in said(page)
    assert mine.old_secret not in said(page)
    other, _secret = endpoints.create(organization=here.organization, url=mine.url, by=here.admin)
    assert "Choose one" in said(act(client, PLACE, "rotate", mine, other))


def test_a_test_message_is_written(client, here):
    act(client, PLACE, "send_test", here.objects[Webhook])
    assert WebhookDelivery.objects.filter(event="webhook.test").count() == 2


def test_a_webhook_that_is_off_says_how_to_switch_it_on(client, here):
    mine = here.objects[Webhook]
    endpoints.disable(mine, endpoints.FAILED_TOO_LONG)
    page = said(client.get(f"{PLACE}{mine.pk}/change/"))
    assert 'data-testid="webhook-off"' in page
    assert "switched off after failures" in said(client.get(PLACE))
    refused = act(client, PLACE, "send_test", mine)
    assert "switched off" in said(refused)
    client.post(f"{PLACE}{mine.pk}/change/", {"url": mine.url, "is_active": "on"})
    mine.refresh_from_db()
    assert (mine.is_active, mine.disabled_at) == (True, None)


def test_the_log_tells_attempts_and_sends_again(client, here, receiver):
    mine = here.objects[Webhook]
    Webhook.objects.filter(pk=mine.pk).update(url=receiver.url)
    row = here.objects[WebhookDelivery]
    waiting = said(client.get(f"{LOG}{row.pk}/change/"))
    assert "It is still tried by itself" in waiting
    receiver.answers = [(500, {})]
    webhooks.deliver(row.pk)
    page = said(client.get(f"{LOG}{row.pk}/change/"))
    assert "The server answered 500." in page
    assert str(row.pk) in page
    act(client, LOG, "replay", row)
    again = WebhookDelivery.objects.get(replay_of=row)
    assert str(row.pk) in said(client.get(f"{LOG}{again.pk}/change/"))
    assert "not-to-be-told" not in said(client.get(LOG))


def test_what_is_still_tried_is_not_sent_again(client, here):
    page = act(client, LOG, "replay", here.objects[WebhookDelivery])
    assert "still on its way" in said(page)
    assert WebhookDelivery.objects.count() == 1


def test_the_border_of_the_organization_holds(client, here):
    there = make_world("zanzibar")
    theirs, message = there.objects[Webhook], there.objects[WebhookDelivery]
    assert client.get(f"{PLACE}{theirs.pk}/change/").status_code == 404
    assert client.get(f"{LOG}{message.pk}/change/").status_code == 404
    before = theirs.secret
    act(client, PLACE, "rotate", theirs)
    act(client, LOG, "replay", message)
    assert Webhook.objects.get(pk=theirs.pk).secret == before
    assert WebhookDelivery.objects.count() == 2
    for place in (PLACE, LOG):
        assert "zanzibar" not in said(client.get(place))
    assert client.get(f"{LOG}?webhook__id__exact={theirs.pk}").status_code in (200, 302, 400, 404)
