"""Serve everything from one process: pages, sockets, worker and beat."""

import asyncio
import errno
import logging
import socket
import threading
from typing import Any

from channels.routing import get_default_application
from daphne.server import Server
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from copilot import embedded
from copilot.lib.errors import DomainError
from sessions import doorkeeper
from transcription import speech, streams

logger = logging.getLogger(__name__)

LAST_SECONDS = 2.0  # for connections that are cancelled
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Command(BaseCommand):
    help = "Serve the application with daphne; Ctrl-C ends everything that was started."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--prepare", action="store_true", help="migrate, create the demo")

    def handle(self, *, host: str, port: int, prepare: bool, **options: Any) -> None:
        if not settings.PRODUCTION and host not in LOOPBACK:
            raise CommandError(
                f"local mode serves this machine only; for {host} set INTERVIEW_MODE=production"
            )
        require_free(host, port)
        if prepare:
            call_command("prepare", greeting=f"http://{host}:{port}")
        application = get_default_application()  # starts the embedded worker: after the port check
        # No daemon: an interpreter that exits while a model loads in native code aborts.
        threading.Thread(target=warm, name="warm-up").start()
        interface = host.replace(":", "\\:")
        server = Server(
            application,
            endpoints=[f"tcp:port={port}:interface={interface}"],
            websocket_max_message_size=256 * 1024,
            websocket_max_frame_size=256 * 1024,
            ready_callable=lambda: self.stdout.write("Serving. Ctrl-C stops everything."),
        )
        try:
            server.run()
        finally:
            wind_up(asyncio.get_event_loop())


def wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Leave nothing at work when Python ends: it crashes on what it finds half done.

    1. Cancel what still waits on the server's loop; what that leaves behind as well.
    2. Let database threads store what they were given.
    3. End the worker.
    """
    for _round in range(3):
        if tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.wait(tasks, timeout=LAST_SECONDS))
    for database in (streams.database, doorkeeper.database):
        database.shutdown()
    embedded.stop()


def require_free(host: str, port: int) -> None:
    """Raise CommandError with a one-line reason where nobody can listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = f"port {port} is in use; free it or take another: make run PORT={port + 1}"
            else:
                reason = f"cannot listen on {host}:{port}: {error.strerror}"
            raise CommandError(reason) from None


def warm() -> None:
    """Load models before somebody waits for them."""
    try:
        speech.warm(settings.LANGUAGE_CODE)
    except DomainError as error:
        logger.warning("%s", error.detail)
