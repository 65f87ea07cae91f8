"""What tests of signing in share: people at the sign-in page, their codes and their mail."""

import re
import threading
import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.factories import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def sign_in(client: Client, user: User, password: str = PASSWORD, **more):
    """Fill in the sign-in form; returns the answer."""
    return client.post("/accounts/login/", {"login": user.email, "password": password, **more})


def signed_in(user: User, **headers: str) -> Client:
    client = Client(headers=headers or None)
    assert sign_in(client, user).headers["Location"] == "/sessions/"
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/sessions/").status_code == 200


def prove(client: Client, password: str = PASSWORD, url: str = "/accounts/reauthenticate/"):
    """Show once more who one is, before a dangerous act."""
    return client.post(url, {"password": password, "next": "/accounts/tokens/"})


def add_totp(user: User) -> Authenticator:
    RecoveryCodes.activate(user)
    return TOTP.activate(user, SECRET).instance


def code(steps: int = 0, secret: str = SECRET) -> str:
    """Return what the authenticator app shows, now or some steps of 30 seconds later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def page_text(answer) -> str:
    """Return a page without what differs by request."""
    return re.sub(r'"\w{64}"', "", answer.content.decode())


def mails() -> list:
    """Return what was sent, all of it: account mails leave in threads of their own."""
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join()
    return mail.outbox


def link(message) -> str:
    """Return the path of the link in a mail."""
    return re.search(r"https?://[^/]+(/\S+)", message.body).group(1)
