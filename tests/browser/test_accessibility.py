"""Every page of the product, looked at by axe: light and dark, on a desktop and on a phone."""

import json
from urllib.parse import urlsplit

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Page, expect

from tests import product
from tests.browser import axe

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

WORLD = """
import json
from accounts.models import User
from sessions import access, candidates, services
from sessions.models import Guide
from tests.browser import analysed

def interview(title):
    session = access.session_by_id(analysed.create())
    session.title = title
    session.save(update_fields=["title"])
    return session

live, over = interview("Accessible, live"), interview("Accessible, over")
for session in (live, over):
    analysed.furnish(session)
analysed.end(over)
draft = services.create_session(
    owner=live.owner, organization=live.organization, title="Accessible, draft", job="Engineer"
)
guide = Guide.objects.filter(organization=live.organization).first()
made = {"live": live, "over": over, "draft": draft, "guide": guide}
made["erased"] = erased = services.create_session(
    owner=live.owner, organization=live.organization, title="Accessible, erased"
)
ids = {name: str(row.pk) for name, row in made.items()}
services.delete_draft(session=erased)
_link, ids["candidate"] = candidates.make_link(session=live, by=live.owner)
print(json.dumps(ids))
"""
NOWHERE = "00000000-0000-4000-8000-000000000000"
ACCOUNT = "/accounts"
# name: (who, path); {live}, {over}, {erased}, {draft} and {guide} are ids, {candidate} is a path
PAGES = {
    "sign-in": (None, f"{ACCOUNT}/login/"),
    "password forgotten": (None, f"{ACCOUNT}/password/reset/"),
    "password forgotten, sent": (None, f"{ACCOUNT}/password/reset/done/"),
    "password forgotten, no such link": (None, f"{ACCOUNT}/password/reset/key/1-set/"),
    "joining": (None, "/join/"),
    "invitation over": (None, f"{ACCOUNT}/invitations/none/"),
    "missing": ("ines", f"/sessions/{NOWHERE}/"),
    "list": ("ines", "/sessions/"),
    "list of a viewer": ("vera", "/sessions/"),
    "upload": ("ines", "/sessions/upload/"),
    "new": ("ines", "/sessions/new/"),
    "edit": ("ines", "/sessions/{draft}/edit/"),
    "delete": ("ines", "/sessions/{draft}/delete/"),
    "share": ("ines", "/sessions/{live}/share/"),
    "before": ("ines", "/sessions/{draft}/"),
    "live": ("ines", "/sessions/{live}/"),
    "live of a colleague": ("sam", "/sessions/{live}/"),
    "over": ("ines", "/sessions/{over}/"),
    "erased": ("ines", "/sessions/{erased}/"),
    "candidate": (None, "{candidate}"),
    "review": ("ines", "/sessions/{over}/review/"),
    "review of a colleague": ("sam", "/sessions/{over}/review/"),
    "sound check": ("ines", "/sessions/check/"),
    "guides": ("ines", "/guides/"),
    "guide, new": ("ines", "/guides/new/"),
    "guide": ("ada", "/guides/{guide}/"),
    "guide of others": ("ines", "/guides/{guide}/"),
    "account, password": ("ines", f"{ACCOUNT}/password/change/"),
    "account, e-mail": ("ines", f"{ACCOUNT}/email/"),
    "account, devices": ("ines", f"{ACCOUNT}/sessions/"),
    "account, second factor": ("ines", f"{ACCOUNT}/2fa/"),
    "account, tokens": ("ines", f"{ACCOUNT}/tokens/"),
    "privacy": ("ada", "/privacy/northwind/"),
    "privacy, requests": ("ada", "/privacy/northwind/requests/"),
    "privacy, one candidate": ("ada", "/privacy/northwind/candidates/"),
    "privacy, notice": ("ada", "/privacy/northwind/notices/new/"),
    "sign out": ("ines", f"{ACCOUNT}/logout/"),
}
MAIN = {"list", "guide", "live", "review"}
DIALOGS = {
    "settings": "l",
    "keys": "?",
    "sound": "d",
    "sharing": "f",
    "end": "e",
}


@pytest.fixture(scope="module")
def world(served):
    """Ids of interviews in each state, and of a guide."""
    return json.loads(product.run(WORLD, env=served[1]).splitlines()[-1])


@pytest.fixture(scope="module")
def signed_in() -> dict:
    """The cookies of who signed in once."""
    return {}


@pytest.fixture
def enter(browser, sign_in, signed_in, url, problems, world):
    """Open a page as somebody; whatever it complains about or asks of other hosts is a problem."""

    def act(who: str | None, path: str) -> Page:
        state = None
        if who is not None:
            if who not in signed_in:
                first = sign_in(browser, f"{who}@northwind.example")
                signed_in[who] = first.context.storage_state()
                first.context.close()
            state = signed_in[who]
        context = browser.new_context(base_url=url, reduced_motion="reduce", storage_state=state)
        page = context.new_page()
        problems.watch(page)
        host = urlsplit(url).netloc
        page.on(
            "request",
            lambda request: (
                urlsplit(request.url).netloc in ("", host)
                or problems.append(f"asked {request.url}")
            ),
        )
        page.goto(path.format(**world), wait_until="networkidle" if "live" not in path else "load")
        return page

    yield act
    expected = ("404", "410", "429")
    assert [one for one in problems if not any(code in one for code in expected)] == []


def look(page: Page, *, everywhere: bool) -> list[str]:
    """Return what is wrong with a page, in the sizes and schemes it is to be looked at in."""
    ways = [(axe.DESKTOP, "light"), (axe.PHONE, "dark")]
    if everywhere:
        ways += [(axe.DESKTOP, "dark"), (axe.PHONE, "light")]
    found = []
    for size, scheme in ways:
        axe.emulate(page, size, scheme)
        axe.show_whole(page)
        found += [f"{size} {scheme}: {one}" for one in axe.violations(page)]
    axe.emulate(page, axe.NARROW, "light")
    return found + [f"sticks out: {one}" for one in axe.outside(page)]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_violation_and_fits_a_narrow_screen(enter, name):
    page = enter(*PAGES[name])
    expect(page.locator("h1").first).to_be_attached()
    if name.startswith("live"):
        expect(page.get_by_test_id("segment").first).to_be_visible()
    assert look(page, everywhere=name in MAIN) == []


@pytest.mark.parametrize("tab", ["insights", "questions", "fact_check", "sentiment"])
def test_every_tab_of_the_copilot_has_no_violation_open_folds_and_all(enter, tab):
    page = enter("ines", "/sessions/{live}/")
    page.get_by_test_id(f"tab-{tab}").click()
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    found = []
    for scheme in ("light", "dark"):
        axe.emulate(page, axe.DESKTOP, scheme)
        found += axe.violations(page)
    assert found == []


@pytest.mark.parametrize("name", DIALOGS)
def test_every_dialog_of_the_live_page_has_no_violation(enter, name):
    page = enter("ines", "/sessions/{live}/")
    expect(page.get_by_test_id("segment").first).to_be_visible()
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "open")
    page.keyboard.press(DIALOGS[name])
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    expect(dialog.locator("h2").first).to_be_visible()
    assert look(page, everywhere=False) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("view", ["guide", "transcript", "copilot"])
def test_every_view_of_the_live_page_on_a_phone_has_no_violation(enter, view):
    page = enter("ines", "/sessions/{live}/")
    expect(page.get_by_test_id("segment").first).to_be_visible()
    axe.emulate(page, axe.PHONE, "light")
    page.locator(f'[data-show="{view}"]').click()
    assert axe.violations(page) == []
    axe.emulate(page, axe.NARROW, "dark")
    assert axe.violations(page) == []
    assert axe.outside(page) == []


@pytest.mark.parametrize("template", ["403", "403_csrf", "404", "429", "500"])
def test_pages_of_errors_have_no_violation(enter, url, template):
    page = enter(None, "/join/")
    body = render_to_string(f"{template}.html", request=RequestFactory().get("/"))
    page.route(
        f"**/error-{template}", lambda route: route.fulfill(body=body, content_type="text/html")
    )
    page.goto(f"/error-{template}")
    expect(page.locator("h1")).to_be_visible()
    assert look(page, everywhere=False) == []


def test_axe_finds_what_is_wrong(enter):
    """The looking itself is looked at: a picture without words is found."""
    page = enter(None, "/join/")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert any(one.startswith("image-alt") for one in axe.violations(page))
