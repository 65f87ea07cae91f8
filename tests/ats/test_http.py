import time
from email.utils import formatdate

import pytest

from copilot.lib.outgoing import Answer, Refused
from insights.ats.base import AtsError
from insights.ats.http import LONGEST_WAIT, Api, multipart, next_link, wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"retry-after": "7"}, 7, id="seconds"),
        pytest.param({"retry-after": "-7"}, 0, id="past"),
        pytest.param({"retry-after": "99999999"}, LONGEST_WAIT, id="too long"),
        pytest.param({"retry-after": "soon"}, None, id="words"),
        pytest.param({"retry-after": "nan"}, None, id="not a number"),
        pytest.param({"x-rate-limit-reset": "3"}, 3, id="seconds of a period"),
        pytest.param({"retry-after": "soon", "x-ratelimit-reset": "3"}, 3, id="the next one"),
    ],
)
def test_how_long_to_wait(headers, seconds):
    assert wait(headers) == seconds


def test_how_long_to_wait_until_a_moment():
    soon = time.time() + 60
    for headers in (
        {"x-ratelimit-reset": str(int(soon))},
        {"x-rate-limit-reset": str(int(soon))},
        {"retry-after": formatdate(soon, usegmt=True)},
    ):
        seconds = wait(headers)
        assert seconds is not None
        assert 0 < seconds <= 60


def test_the_next_page_out_of_a_link_header():
    link = '<https://x.example/a?page=1>; rel="prev", <https://x.example/a?cursor=2>; rel="next"'
    assert next_link({"link": link}) == "https://x.example/a?cursor=2"
    assert next_link({"link": '<https://x.example/a>; rel="last"'}) == ""
    assert next_link({}) == ""


def api(answer):
    def send(method, url, headers, content):
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Api(send, "https://x.example/", {})


@pytest.mark.parametrize(
    ("status", "code", "permanent", "unsure"),
    [
        (302, "bad_address", True, False),
        (400, "refused", True, False),
        (401, "bad_credential", True, False),
        (403, "no_permission", True, False),
        (404, "not_found", True, False),
        (408, "unavailable", False, True),
        (410, "not_found", True, False),
        (413, "too_large", True, False),
        (415, "refused", True, False),
        (422, "refused", True, False),
        (429, "rate_limited", False, False),
        (500, "unavailable", False, True),
        (503, "unavailable", False, True),
    ],
)
def test_a_status_becomes_an_error(status, code, permanent, unsure):
    with pytest.raises(AtsError) as failed:
        api(Answer(status, {}, b"secret words")).post("/a", {})
    error = failed.value
    assert (error.code, error.permanent, error.unsure) == (code, permanent, unsure)
    assert "secret" not in str(error)


def test_a_read_is_never_unsure():
    with pytest.raises(AtsError) as failed:
        api(Answer(500, {}, b"")).get("/a")
    assert not failed.value.unsure


def test_an_address_that_may_not_be_asked_is_for_good():
    with pytest.raises(AtsError) as failed:
        api(Refused("private_address")).get("/a")
    assert (failed.value.code, failed.value.permanent) == ("private_address", True)


@pytest.mark.parametrize("url", ["https://y.example/a", "http://x.example/a", "/a", ""])
def test_the_key_goes_nowhere_else(url):
    with pytest.raises(AtsError):
        api(Answer(200, {}, b"{}")).follow(url)


def test_a_file_cannot_break_out_of_its_form():
    body, kind = multipart({"a": "1"}, "file", 'x"\r\nContent-Type: text/html\r\n.pdf', b"--x\r\n")
    head, _blank, rest = body.partition(b'name="file"')[2].partition(b"\r\n\r\n")
    assert head.count(b"\r\n") == 1
    boundary = kind.partition("boundary=")[2].encode()
    assert rest == b"--x\r\n\r\n--" + boundary + b"--\r\n"
