"""The administration in real Chromium works by hand and keyboard under the strict policy."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ADA = "ada@northwind.example"
REPORT = (
    "document.addEventListener('securitypolicyviolation', e => console.error(e.violatedDirective))"
)
KINDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")


@pytest.fixture
def ada(sign_in, browser, tickets):
    tickets.clear()  # somebody who has just proven who they are is not asked again
    page = sign_in(browser, ADA, viewport={"width": 1440, "height": 900})
    page.add_init_script(REPORT)
    page.goto("/admin/")
    return page


def menu(page, name):
    return page.locator("#nav-sidebar").get_by_role("link", name=name, exact=True)


def prove(page):
    page.get_by_label("Password", exact=True).fill("interview-demo")
    page.locator("main form button[type=submit]").first.click()


def test_no_page_breaks_the_policy(ada, problems):
    """Follow every link of the administration, one of each kind."""
    todo, seen = ["/admin/"], set()
    while todo:
        place = todo.pop()
        kind = KINDS.sub("0", place)
        if kind in seen:
            continue
        seen.add(kind)
        answer = ada.goto(place)
        assert answer.status == 200, place
        if "/reauthenticate/" in ada.url:
            prove(ada)
            ada.wait_for_url(f"**{place}")
        expect(ada.locator("html")).not_to_have_attribute("x-cloak", "")
        links = ada.eval_on_selector_all("a[href]", "all => all.map(a => new URL(a.href).pathname)")
        todo += [link for link in links if link.startswith("/admin/")]
    assert {"/admin/accounts/membership/0/change/", "/admin/interviews/guide/0/delete/"} <= seen
    assert {"/admin/accounts/auditentry/0/history/", "/admin/insights/atsconnection/add/"} <= seen
    assert problems == []


def test_the_theme_is_switched_and_remembered(ada, problems):
    html = ada.locator("html")
    account = ada.get_by_role("button", name=re.compile("Ada"))
    for name, expected in (("Dark", "dark"), ("Light", "light")):
        account.press("Enter")
        ada.get_by_role("button", name=name).press("Enter")
        expect(html).to_have_class(expected)
        ada.reload()
        expect(html).to_have_class(expected)
    account.click()
    ada.get_by_role("button", name="System").click()
    ada.emulate_media(color_scheme="dark")
    expect(html).to_have_class("dark")
    ada.emulate_media(color_scheme="light")
    expect(html).to_have_class("light")
    assert problems == []


def test_the_menu_folds_and_opens_by_keyboard(ada, problems):
    toggle = ada.get_by_role("button", name="Show or hide the menu")
    toggle.press("Enter")
    expect(ada.locator("#nav-sidebar")).to_be_hidden()
    ada.reload()
    expect(ada.locator("#nav-sidebar")).to_be_hidden()
    toggle.press("Enter")
    expect(menu(ada, "Members")).to_be_visible()
    ada.set_viewport_size({"width": 390, "height": 844})
    expect(menu(ada, "Members")).to_be_hidden()
    toggle.press("Enter")
    menu(ada, "Members").press("Enter")
    expect(ada).to_have_url(re.compile("/admin/accounts/membership/$"))
    assert ada.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert problems == []


def test_a_list_is_filtered_searched_and_acted_on(ada, problems):
    menu(ada, "Members").click()
    ada.get_by_role("button", name="Filters").press("Enter")
    ada.locator("#changelist-filter").get_by_role("link", name="Admin", exact=True).press("Enter")
    expect(ada.locator("#result_list tbody")).to_have_count(1)  # other tests add people, not admins
    ada.goto("/admin/accounts/membership/")
    ada.locator("body").press("/")
    ada.keyboard.type("ines")
    ada.keyboard.press("Enter")
    expect(ada.locator("#result_list tbody")).to_have_count(1)
    ada.locator("#result_list input.action-select").check()
    ada.get_by_label("Select action to run").select_option("hand_over")
    ada.get_by_role("button", name="Run").click()
    expect(ada.get_by_role("heading", name="Hand over interviews")).to_be_visible()
    assert problems == []


def test_deactivating_asks_first(ada, problems):
    menu(ada, "Members").click()
    ada.get_by_role("row", name=re.compile("Vera Lind")).get_by_role("checkbox").check()
    ada.get_by_label("Select action to run").select_option("deactivate")
    ada.get_by_role("button", name="Run").click()
    asked = ada.get_by_test_id("confirm-deactivate")
    expect(asked).to_contain_text("vera@northwind.example")
    asked.get_by_role("link", name="Cancel").click()
    expect(ada.get_by_role("row", name=re.compile("Vera Lind"))).to_be_visible()
    assert problems == []


def test_questions_are_added_to_a_guide_by_keyboard(ada, problems):
    guide = ada.locator("#result_list").get_by_role("link", name="Backend engineer")
    menu(ada, "Guides").click()
    guide.click()
    questions = ada.locator("[name^='competencies-0-questions-'][name$='-text']:visible")
    expect(questions).not_to_have_count(0)
    count = questions.count()
    ada.get_by_role("link", name="Add another Question").first.press("Enter")
    expect(questions).to_have_count(count + 1)
    questions.last.fill("What did you learn from it?")
    ada.get_by_role("button", name="Save", exact=True).click()
    guide.click()
    expect(questions.last).to_have_value("What did you learn from it?")
    ada.locator(f"[name='competencies-0-questions-{count}-DELETE']").press("Space")
    ada.get_by_role("button", name="Save", exact=True).click()
    guide.click()
    expect(questions).to_have_count(count)
    assert problems == []


def test_an_invitations_link_is_shown(ada, problems):
    menu(ada, "Invitations").click()
    ada.get_by_role("link", name="Add invitation").click()
    ada.get_by_label("E-mail address").fill("nora@example.org")
    ada.get_by_label("Role").select_option("interviewer")
    ada.get_by_role("button", name="Save", exact=True).click()
    expect(ada.locator(".one-time-link")).to_contain_text("/accounts/invitations/")
    assert problems == []


def test_the_audit_is_downloaded_after_the_password(ada, problems):
    menu(ada, "Audit").click()
    ada.get_by_role("button", name="JSON Lines").click()
    with ada.expect_download() as download:
        prove(ada)
    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == "audit.jsonl"
    assert len(lines) > 10
    assert problems == []
