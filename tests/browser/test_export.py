"""The dialog that exports an interview, in real Chromium."""

import io
import zipfile
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.test_review import enter  # noqa: F401  # a fixture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def open_dialog(page: Page):
    page.get_by_test_id("export-open").click()
    dialog = page.get_by_test_id("export-dialog")
    expect(dialog).to_be_visible()
    return dialog


def download(page: Page) -> bytes:
    with page.expect_download() as download:
        page.get_by_test_id("export-button").click()
    return Path(download.value.path()).read_bytes()


def test_a_pdf_is_what_comes_first(enter):  # noqa: F811
    page = enter()
    dialog = open_dialog(page)
    expect(dialog).to_contain_text("Laid out to be read")
    expect(dialog).to_contain_text("The summary is not signed")
    pdf = pypdf.PdfReader(io.BytesIO(download(page)))
    text = " ".join(one.extract_text() for one in pdf.pages)
    assert "Draft" in text
    assert "forty services on Kubernetes" in " ".join(text.split())


def test_a_bundle_asks_for_its_files_and_subtitles_for_nothing(enter):  # noqa: F811
    page = enter()
    dialog = open_dialog(page)
    format_field = dialog.get_by_label("Format")
    files = dialog.get_by_role("group", name="Files in the bundle")
    expect(files).to_be_hidden()
    format_field.select_option("bundle")
    expect(files).to_be_visible()
    for name in ("PDF", "JSON"):
        files.get_by_label(name).uncheck()
    expect(page.get_by_test_id("export-button")).to_be_disabled()
    files.get_by_label("Markdown").check()
    with zipfile.ZipFile(io.BytesIO(download(page))) as archive:
        endings = {name.rpartition(".")[2] for name in archive.namelist()}
        assert endings == {"md", "json"}  # consent, manifest and signature are JSON
    format_field.select_option("vtt")
    expect(files).to_be_hidden()
    expect(dialog.get_by_label("Transcript")).to_be_disabled()
    assert download(page).startswith(b"WEBVTT")


@pytest.mark.parametrize("size", [axe.DESKTOP, axe.PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_machine_finds_nothing_wrong_with_the_dialog(enter, size, scheme):  # noqa: F811
    page = enter()
    dialog = open_dialog(page)
    dialog.get_by_label("Format").select_option("bundle")
    axe.emulate(page, size, scheme)
    assert axe.violations(page, "#export-dialog") == []
    assert axe.outside(page) == []
