"""The cast, the places and the hygiene that every test shares."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import translation

from sessions.models import Session
from tests import emptying, environment
from tests.factories import Cast, go_live, make_cast
from transcription import consumers, speech, streams


def pytest_configure() -> None:
    emptying.install()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = environment.left_out


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Gather what each worker of pytest-xdist left out."""
    environment.left_out.update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if environment.left_out:
        parts = "; ".join(f"{what} ({why})" for what, why in sorted(environment.left_out.items()))
        print(f"Left out: {parts}.")
    else:
        print("Left out: nothing.")


@pytest.fixture(scope="session")
def postgres_url() -> str:
    if not environment.answers(environment.DATABASE_URL, 5432):
        environment.leave_out("service tests", "Postgres does not answer; set TEST_DATABASE_URL")
    return environment.DATABASE_URL


@pytest.fixture(scope="session")
def redis_url() -> str:
    if not environment.answers(environment.REDIS_URL, 6379):
        environment.leave_out("service tests", "Redis does not answer; set TEST_REDIS_URL")
    return environment.REDIS_URL


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """Path of the system's Chromium, or None for Playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        if not Path(p.chromium.executable_path).exists():
            environment.leave_out(
                "browser tests", "Chromium is not installed and could not be fetched"
            )
    return None


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Drop the connections that thread pools keep, else Postgres does not drop the database."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def scripted(settings) -> Iterator[None]:
    """Let the scripted engine say tests/data/script.json instead of listening."""
    settings.INTERVIEW_ENGINES = {"en": "scripted"}
    speech.engine_config.cache_clear()
    yield
    speech.engine_config.cache_clear()


@pytest.fixture
async def hush(transactional_db: None) -> AsyncIterator[None]:
    """End the streams a test leaves behind, before its database is emptied under them."""
    yield
    streams_left = list(streams._running.values())
    await asyncio.gather(*[stream.give_way(resent=True) for stream in streams_left])
    leaving = list(consumers._leaving)
    pumps = [stream._pump for stream in streams_left if stream._pump is not None]
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, *pumps, return_exceptions=True)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def live(cast: Cast) -> Session:
    return go_live(cast.session)
