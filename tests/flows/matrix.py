"""Who may pass which door: one row per URL and method, one column per person.

`doors()` walks the URL configuration; `RULES` must hold a row for each door found, and no other.
A rule says, for one person, which status the answer has.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

MEMBERS = ("olga", "sam", "cora", "eve", "mia", "vic", "ada")
STRANGERS = ("otto", "lea", "root")  # another organization's admin, a former member, a superuser
SIGNED_IN = (*MEMBERS, *STRANGERS)
SCOPES = ("read", "write", "audio")
TOKENS = tuple(f"token:{scope}" for scope in SCOPES)  # Olga's, one scope each
PEOPLE = (*SIGNED_IN, "anonymous", *TOKENS)

SEE = {"olga", "sam", "cora", "ada"}
COMMENT = {"olga", "cora"}
RECORD = {"olga"}
SHARE = {"olga", "ada"}
CREATE = {*MEMBERS, "otto"} - {"vic"}
MANAGE = {"ada", "root"}  # what is of this organization
ADMINS = {"ada", "otto", "root"}  # lists and forms of whatever organization
ROOT = {"root"}

METHODS = ("get", "post", "put", "patch", "delete")
SIGN_IN, PROVE = "sign in", "prove"  # sent to the sign-in page; asked for a proof of identity
Answer = int | str
Rule = Callable[[str], Answer]


@dataclass(frozen=True)
class Row:
    rule: Rule
    body: dict[str, Any] = field(default_factory=dict)
    form: bool = False  # a form, else JSON


def doors() -> Iterator[tuple[str, str]]:
    """Yield (route, method) of everything the URL configuration leads to."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            else:
                yield route, pattern.callback

    for route, callback in walk(get_resolver().url_patterns, ""):
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
        # Of a function nobody can tell which methods it takes: it has to be asked for two.
        methods = [m for m in METHODS if hasattr(view, m)] if view else ["get", "post"]
        for method in methods:
            yield route, method


# --- Rules ---------------------------------------------------------------------------------------


def everybody(answer: Answer) -> Rule:
    return lambda _person: answer


def page(allowed: Collection[str], answer: Answer = 200, refused: Answer = 404) -> Rule:
    """A page: strangers are asked to sign in, tokens open no pages."""

    def rule(person: str) -> Answer:
        if person not in SIGNED_IN:
            return SIGN_IN
        return answer if person in allowed else refused

    return rule


def entrance(answer: Answer) -> Rule:
    """A page for those who are not signed in; who is, is sent on."""
    return lambda person: 302 if person in SIGNED_IN else answer


def api(allowed: Collection[str], answer: Answer = 200, scope: str = "write") -> Rule:
    """An endpoint: 401 without a sign-in, 403 for a token without the scope, 404 for the rest."""

    def rule(person: str) -> Answer:
        if person == "anonymous":
            return 401
        if person in TOKENS:
            return answer if person == f"token:{scope}" else 403
        return answer if person in allowed else 404

    return rule


def of_admins(allowed: Collection[str], answer: Answer = 200, scope: str = "write") -> Rule:
    """An endpoint of admins: Olga's token has the scope, she has not the right."""
    rule = api(allowed, answer, scope)
    return lambda person: 404 if person == f"token:{scope}" else rule(person)


def no_token(rule: Rule) -> Rule:
    """An endpoint for people only."""
    return lambda person: 403 if person in TOKENS else rule(person)


def own_token(scope: str, answer: Answer = 200) -> Rule:
    """An endpoint about Olga's token of the scope `audio`: for her, and for that token itself."""

    def rule(person: str) -> Answer:
        if person == "token:audio":
            return answer
        return api(RECORD, 404 if person in TOKENS else answer, scope)(person)

    return rule


# --- The table -----------------------------------------------------------------------------------

ORDER = {
    "connection": "00000000-0000-0000-0000-000000000001",
    "target": {"candidate": "1"},
    "parts": ["note"],
}
SESSION = "sessions/<uuid:session_id>/"
API = "api/v1/sessions/<uuid:session_id>/"
UPLOAD = "api/v1/uploads/<uuid:upload_id>/"
WEBHOOK = "api/v1/webhooks/<uuid:webhook_id>/"

PAGES: dict[str, dict[str, Row]] = {
    "": {"get post put patch delete": Row(everybody(302))},
    "healthz": {"get post": Row(everybody(200))},
    # there is none without a token in the settings; tests/insights/test_metrics.py sets one
    "metrics": {"get": Row(everybody(404)), "post": Row(everybody(405))},
    "sessions/": {
        "get": Row(page(SIGNED_IN)),
        "post": Row(page(SIGNED_IN), {"q": "engineer"}, form=True),
    },
    "sessions/new/": {
        "get": Row(page(CREATE)),
        "post": Row(
            page(CREATE, 302), {"title": "T", "language": "en", "visibility": "shared"}, form=True
        ),
    },
    "sessions/resume/": {
        "get": Row(page(SIGNED_IN, 405)),
        "post": Row(page(CREATE, 400), form=True),  # without a file
    },
    f"{SESSION}edit/": {
        "get": Row(page(RECORD)),
        "post": Row(page(RECORD, 302), {"title": "T"}, form=True),
    },
    f"{SESSION}delete/": {
        "get": Row(page(SHARE)),
        "post": Row(page(SHARE, 409), form=True),  # it is live
    },
    SESSION: {"get post": Row(page(SEE))},
    "join/": {"get": Row(everybody(200)), "post": Row(everybody(400), {"code": "?"}, form=True)},
    "join/<uuid:session_id>/<slug:channel>/": {  # only a device that joined has the cookie
        "get": Row(everybody(404)),
        "post": Row(everybody(405), form=True),
    },
    # only a candidate who came by a link has the cookie
    "candidate/": {"get": Row(everybody(404)), "post": Row(everybody(405), form=True)},
    "candidate/receipt/": {"get": Row(everybody(404)), "post": Row(everybody(405), form=True)},
    **{
        f"candidate/{act}/": {"get": Row(everybody(405)), "post": Row(everybody(404), form=True)}
        for act in ("answer", "withdraw", "ask")
    },
    "candidate/<str:token>/": {"get": Row(everybody(404)), "post": Row(everybody(405), form=True)},
    "sessions/check/": {
        "get": Row(page(CREATE)),
        "post": Row(page(SIGNED_IN, 405), form=True),
    },
    "sessions/upload/": {
        "get": Row(page(CREATE)),
        "post": Row(page(SIGNED_IN, 405), form=True),  # a script sends it to the API
    },
    f"{SESSION}review/": {"get post": Row(page(SEE, 302))},  # it is live still
    f"{SESSION}export/": {
        "get": Row(page(SIGNED_IN, 405)),
        "post": Row(page({"olga", "cora", "ada"}, 409), form=True),  # it is live still
    },
    f"{SESSION}share/": {
        "get": Row(page(SHARE)),
        "post": Row(page(SHARE, 302), {"visibility": "private"}, form=True),
    },
}

PRIVACY = "privacy/<slug:organization>/"
ADA = {"ada"}  # who answers for the data of candidates here
CHOSEN = {"interview": "00000000-0000-4000-8000-000000000000"}  # none

PAGES |= {
    "privacy/": {
        "get": Row(page({"ada", "otto"}, 302)),
        "post": Row(page(SIGNED_IN, 405), form=True),
    },
    PRIVACY: {"get": Row(page(ADA)), "post": Row(page(SIGNED_IN, 405), form=True)},
    f"{PRIVACY}requests/": {"get": Row(page(ADA)), "post": Row(page(SIGNED_IN, 405), form=True)},
    f"{PRIVACY}requests/<uuid:request_id>/": {
        "get": Row(page(SIGNED_IN, 405)),
        "post": Row(page(ADA, 302), {"grant": "no"}, form=True),
    },
    f"{PRIVACY}candidates/": {
        "get": Row(page(ADA)),
        "post": Row(page(ADA), {"name": "Daniel"}, form=True),
    },
    f"{PRIVACY}candidates/chosen/": {"get post": Row(page(ADA, 302), CHOSEN, form=True)},
    f"{PRIVACY}candidates/erase/": {"get post": Row(page(ADA, 302), CHOSEN, form=True)},
    f"{PRIVACY}candidates/export/": {
        "get": Row(page(SIGNED_IN, 405)),
        "post": Row(page(ADA, PROVE), CHOSEN, form=True),
    },
    f"{PRIVACY}notices/": {"get": Row(page(ADA)), "post": Row(page(SIGNED_IN, 405), form=True)},
    f"{PRIVACY}notices/new/": {
        "get": Row(page(ADA)),
        "post": Row(
            page(ADA, 302), {"act": "publish", "language": "en", "text": "Ours."}, form=True
        ),
    },
    f"{PRIVACY}notices/<uuid:notice_id>/": {
        "get": Row(page(SIGNED_IN, 405)),
        "post": Row(page(ADA, 302), form=True),
    },
    f"{PRIVACY}receipts/": {"get": Row(page(ADA)), "post": Row(page(SIGNED_IN, 405), form=True)},
    f"{PRIVACY}receipts/<uuid:erasure_id>/": {
        "get": Row(page(ADA)),
        "post": Row(page(SIGNED_IN, 405), form=True),
    },
    # only a candidate who came in by their link has the cookie
    "candidate/copy/": {"get": Row(everybody(404)), "post": Row(everybody(405), form=True)},
}

GUIDE = "<uuid:guide_id>/"  # the organization's: its admins change it
OURS = CREATE - {"otto"}
IN_GUIDES = f"guides/{GUIDE}"

PAGES |= {
    "guides/": {"get": Row(page(CREATE)), "post": Row(page(SIGNED_IN, 405), form=True)},
    "guides/new/": {"get": Row(page(CREATE)), "post": Row(page(SIGNED_IN, 405), form=True)},
    "guides/import/": {
        "get": Row(page(SIGNED_IN, 405)),
        "post": Row(page(CREATE, 400), form=True),  # without a file
    },
    IN_GUIDES: {"get": Row(page(OURS)), "post": Row(page(SIGNED_IN, 405), form=True)},
    f"{IN_GUIDES}copy/": {
        "get": Row(page(SIGNED_IN, 405)),
        "post": Row(page(OURS, 302), form=True),
    },
    f"{IN_GUIDES}delete/": {
        "get": Row(page({"ada"})),
        "post": Row(page({"ada"}, 302), form=True),
    },
    **{
        f"{IN_GUIDES}guide.{kind}": {
            "get": Row(page(OURS)),
            "post": Row(page(SIGNED_IN, 405), form=True),
        }
        for kind in ("json", "csv")
    },
}

ENDPOINTS: dict[str, dict[str, Row]] = {
    "api/v1/guides/": {
        "get": Row(api(SIGNED_IN, scope="read")),
        "post": Row(api(CREATE, 201), {"title": "T", "competencies": []}),
    },
    "api/v1/guides/check/": {"post": Row(api(CREATE), {"questions": ["How old are you?"]})},
    f"api/v1/guides/{GUIDE}": {
        "get": Row(api(OURS, scope="read")),
        # somebody else's: Olga's token may write, but not this
        "put": Row(
            lambda p: 404 if p == "token:write" else api({"ada"}, 409)(p),
            {"title": "T", "updated_at": "before"},
        ),
        "delete": Row(lambda p: 404 if p == "token:write" else api({"ada"}, 204)(p)),
    },
    "api/v1/summary-templates/": {"get": Row(api(SIGNED_IN, scope="read"))},
    "api/v1/me/": {"get": Row(api(SIGNED_IN, scope="read"))},
    "api/v1/tokens/": {
        "get": Row(api(SIGNED_IN, scope="read")),
        # nobody here has just proved who they are, and a token makes none
        "post": Row(
            lambda p: 401 if p == "anonymous" else 403,
            {"name": "T", "scopes": ["read"]},
        ),
    },
    # one of Olga's tokens, which may look at itself and end itself whatever its scopes
    "api/v1/tokens/<uuid:token_id>/": {
        "get": Row(own_token("read")),
        "delete": Row(own_token("write", 204)),
    },
    "api/v1/sessions/": {
        "get": Row(api(SIGNED_IN, scope="read")),
        "post": Row(api(CREATE, 201), {"title": "T"}),
    },
    API: {
        "get": Row(api(SEE, scope="read")),
        "patch": Row(api(RECORD), {"title": "T"}),
        "delete": Row(api(SHARE, 204)),
    },
    f"{API}consents/": {"get": Row(api(SEE, scope="read"))},
    f"{API}shares/": {
        "get": Row(api(SHARE, scope="read")),
        "post": Row(api(SHARE, 201), {"email": "mia@here.example"}),
    },
    f"{API}shares/<int:user_id>/": {"delete": Row(api(SHARE, 204))},
    f"{API}visibility/": {"put": Row(api(SHARE), {"visibility": "private"})},
    f"{API}retention/": {"patch": Row(api(SHARE, 409), {"expires_at": "2126-01-01T00:00:00Z"})},
    f"{API}hold/": {  # an admin's: Olga's token may write, but not this
        "post": Row(lambda p: 404 if p == "token:write" else api({"ada"})(p), {"hold": True})
    },
    f"{API}consent/": {"post": Row(api(RECORD, 201), {"method": "verbal"})},
    f"{API}consent/refused/": {"post": Row(api(RECORD, 201), {"method": "verbal"})},
    f"{API}consent/withdrawn/": {"post": Row(api(RECORD), {"method": "verbal"})},
    f"{API}consent/notice/": {"get": Row(api(SEE, scope="read"))},
    f"{API}candidate-link/": {
        "post": Row(api(RECORD, 201)),
        "delete": Row(api(RECORD, 204)),
    },
    f"{API}requests/<uuid:request_id>/": {"post": Row(api(SHARE), {"grant": False})},
    f"{API}start/": {"post": Row(api(RECORD, 409))},  # it is live already
    f"{API}end/": {"post": Row(api(RECORD))},
    f"{API}notes/": {
        "get": Row(api(SEE, scope="read")),
        "post": Row(api(COMMENT, 201), {"text": "Ask about scale."}),
    },
    f"{API}notes/<uuid:note_id>/": {
        "patch": Row(api(RECORD), {"text": "Ask about load."}),  # its author's alone: Olga's
        "delete": Row(api(RECORD, 204)),
    },
    f"{API}devices/": {
        "get": Row(api(RECORD, scope="read")),
        "post": Row(no_token(api(RECORD, 201)), {"channel": "room"}),
    },
    f"{API}devices/<uuid:device_id>/": {"delete": Row(api(RECORD, 404))},  # there is none
    f"{API}scorecards/": {"get": Row(api(SEE, scope="read"))},
    f"{API}scorecards/panel/": {"get": Row(api(SEE, scope="read"))},
    f"{API}scorecards/mine/": {"put": Row(api(COMMENT), {"ratings": {}})},
    f"{API}scorecards/mine/submit/": {"post": Row(api(COMMENT, 409))},  # nothing is rated
    f"{API}guide/questions/<int:question>/": {"put": Row(api(COMMENT), {"asked": True})},
    f"{API}off-record/": {
        "post": Row(api(RECORD), {"seconds": 0}),
        "delete": Row(api(RECORD, 409)),  # it is on the record
    },
    f"{API}segments/<uuid:segment_id>/": {"patch": Row(api(RECORD), {"text": "I have."})},
    f"{API}segments/<uuid:segment_id>/correction/": {
        "get": Row(api(RECORD, scope="read")),
        "delete": Row(api(RECORD)),
    },
    f"{API}snapshot/": {"get": Row(api(SEE, scope="read"))},
    f"{API}transcript/": {"get": Row(api(SEE, scope="read"))},
    f"{API}insights/": {"get": Row(api(SEE, scope="read"))},
    f"{API}insights/<uuid:insight_id>/feedback/": {"post": Row(api(COMMENT), {"feedback": "used"})},
    f"{API}claims/": {"get": Row(api(SEE, scope="read"))},
    f"{API}tones/": {"get": Row(api(SEE, scope="read"))},
    f"{API}analyse/": {"post": Row(api(RECORD, 409))},  # it is live still
    f"{API}summary/": {
        "get": Row(api(SEE, 409, scope="read")),  # there is none before the end
        "post": Row(api(RECORD, 409)),
        "patch": Row(api(RECORD, 409), {"revision": 1, "section": "facts", "text": "Mine."}),
    },
    f"{API}summary/sign/": {"post": Row(api(RECORD, 409), {"revision": 1})},
    f"{API}summary/reopen/": {"post": Row(api(RECORD, 409))},
    f"{API}summary/versions/": {"get": Row(api(SEE, 409, scope="read"))},
    f"{API}summary/versions/<int:number>/": {"get": Row(api(SEE, 409, scope="read"))},
    f"{API}summary/versions/<int:number>/restore/": {
        "post": Row(api(RECORD, 409), {"revision": 1})
    },
    f"{API}analytics/": {"get": Row(api(SEE, scope="read"))},
    f"{API}exports/": {  # it is live still
        "post": Row(api({"olga", "cora", "ada"}, 409), {"format": "json", "parts": ["notes"]})
    },
    # it is live still: nothing of it is sent
    f"{API}ats/preview/": {"post": Row(api(SHARE, 409), ORDER)},
    f"{API}ats/deliveries/": {
        "get": Row(api(SHARE, scope="read")),
        "post": Row(api(SHARE, 409), ORDER),
    },
    f"{API}ats/deliveries/<uuid:delivery_id>/retry/": {"post": Row(api(SHARE, 404))},  # no order's
    f"{API}ats/deliveries/<uuid:delivery_id>/cancel/": {"post": Row(api(SHARE, 404))},
    f"{API}ats/connections/<uuid:connection_id>/candidates/": {
        "post": Row(api(SHARE, 409), {"q": "Daniel"})  # it cannot be searched
    },
    "api/v1/ats/connections/": {"get": Row(api(SIGNED_IN, scope="read"))},
    # refused for its size: who may not create interviews is told that before
    "api/v1/uploads/": {
        "post": Row(
            lambda p: 403 if p in ("vic", "lea", "root") else api(CREATE, 413)(p),
            {"title": "T", "size": 2**40, "consent": {"method": "verbal"}},
        )
    },
    UPLOAD: {"get": Row(api(RECORD, scope="read")), "delete": Row(api(RECORD, 204))},
    f"{UPLOAD}content/": {"put": Row(api(RECORD, 400))},  # it says not from where
    f"{UPLOAD}finish/": {"post": Row(api(RECORD, 409))},  # nothing was received
    "api/v1/sound-check/": {"post": Row(api(CREATE, 415))},  # it is no sound
    "api/v1/webhooks/": {
        "get": Row(of_admins({"ada", "otto"}, scope="read")),
        "post": Row(of_admins({"ada", "otto"}, 201), {"url": "https://hooks.example.com/"}),
    },
    WEBHOOK: {
        "get": Row(of_admins(ADA, scope="read")),
        "patch": Row(of_admins(ADA), {"description": "Ours"}),
        "delete": Row(of_admins(ADA, 204)),
    },
    f"{WEBHOOK}rotate/": {"post": Row(of_admins(ADA))},
    f"{WEBHOOK}test/": {"post": Row(of_admins(ADA, 202))},
    f"{WEBHOOK}deliveries/": {"get": Row(of_admins(ADA, scope="read"))},
    f"{WEBHOOK}deliveries/<uuid:message_id>/": {"get": Row(of_admins(ADA, scope="read"))},
    # it is tried by itself still
    f"{WEBHOOK}deliveries/<uuid:message_id>/replay/": {"post": Row(of_admins(ADA, 409))},
    "api/v1/schema/": {"get": Row(api(SIGNED_IN, scope="read"))},
    **{f"api/{name}/": {"get post": Row(page(SIGNED_IN))} for name in ("docs", "redoc")},
}

KEY = "accounts/2fa/webauthn/keys/<int:pk>/"  # Olga's passkey
FORM = "get post put"

ACCOUNT: dict[str, dict[str, Row]] = {
    # before signing in
    "accounts/login/": {FORM: Row(entrance(200), form=True)},
    "accounts/signup/": {FORM: Row(entrance(200), form=True)},  # says that it is closed
    "accounts/inactive/": {"get": Row(everybody(200))},
    "accounts/password/reset/": {FORM: Row(everybody(200), form=True)},
    "accounts/password/reset/done/": {"get": Row(everybody(200))},
    "accounts/password/reset/key/done/": {"get": Row(everybody(200))},
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": {
        FORM: Row(everybody(200), form=True)  # says that the link is wrong
    },
    "accounts/login/code/confirm/": {FORM: Row(entrance(SIGN_IN), form=True)},  # not in use
    "accounts/confirm-email/": {"get": Row(everybody(200)), "post": Row(everybody(405))},
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": {
        "get": Row(everybody(200)),
        "post": Row(everybody(404)),
    },
    "accounts/invitations/<str:token>/": {"get post": Row(everybody(200), form=True)},
    "accounts/2fa/authenticate/": {"get post": Row(entrance(SIGN_IN), form=True)},
    "accounts/2fa/webauthn/login/": {FORM: Row(entrance(SIGN_IN), form=True)},
    r"accounts/oidc/^(?P<provider_id>[^/]+)/login/": {"get post": Row(everybody(404))},
    r"accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/": {"get post": Row(everybody(404))},
    "accounts/3rdparty/login/cancelled/": {"get": Row(everybody(200))},
    "accounts/3rdparty/login/error/": {"get": Row(everybody(401))},
    "accounts/3rdparty/signup/": {FORM: Row(everybody(SIGN_IN), form=True)},  # only in between
    **{
        f"accounts/social/{name}/": {" ".join(METHODS): Row(everybody(301), form=True)}
        for name in ("connections", "login/cancelled", "login/error", "signup")
    },
    # one's own account
    "accounts/logout/": {"get": Row(page(SIGNED_IN)), "post": Row(everybody(SIGN_IN), form=True)},
    "accounts/reauthenticate/": {FORM: Row(page(SIGNED_IN), form=True)},
    # who has no second factor proves it by the password
    "accounts/2fa/reauthenticate/": {FORM: Row(page(SIGNED_IN, PROVE), form=True)},
    "accounts/email/": {
        "get": Row(page(SIGNED_IN)),
        "post put": Row(page(SIGNED_IN, 302), form=True),
    },
    "accounts/password/change/": {FORM: Row(page(SIGNED_IN), form=True)},
    "accounts/password/set/": {FORM: Row(page(SIGNED_IN, 302), form=True)},
    "accounts/3rdparty/": {FORM: Row(page(SIGNED_IN), form=True)},
    "accounts/sessions/": {
        "get": Row(page(SIGNED_IN)),
        "post put": Row(page(SIGNED_IN, 404), {"session": "0"}, form=True),  # nobody's device
    },
    "accounts/2fa/": {"get": Row(page(SIGNED_IN))},
    "accounts/2fa/totp/activate/": {FORM: Row(page(SIGNED_IN, PROVE), form=True)},
    "accounts/2fa/totp/deactivate/": {FORM: Row(page(()), form=True)},  # nobody has one
    "accounts/2fa/recovery-codes/": {"get": Row(page(()))},
    "accounts/2fa/recovery-codes/download/": {"get": Row(page(()))},
    "accounts/2fa/recovery-codes/generate/": {FORM: Row(page(SIGNED_IN, PROVE), form=True)},
    "accounts/2fa/webauthn/": {"get": Row(page(SIGNED_IN))},
    "accounts/2fa/webauthn/add/": {FORM: Row(page(SIGNED_IN, PROVE), form=True)},
    "accounts/2fa/webauthn/reauthenticate/": {
        "get": Row(page({"olga"}, 200, PROVE)),
        "post put": Row(page({"olga"}, SIGN_IN, PROVE), form=True),  # nothing was asked
    },
    f"{KEY}edit/": {FORM: Row(page(SIGNED_IN, PROVE), form=True)},
    f"{KEY}remove/": {"get post delete": Row(page(SIGNED_IN, PROVE), form=True)},
    "accounts/tokens/": {
        "get": Row(page(SIGNED_IN)),
        "post": Row(page(SIGNED_IN, PROVE), form=True),
    },
    "accounts/tokens/<uuid:token_id>/revoke/": {
        "get": Row(everybody(405)),
        "post": Row(page({"olga"}, 302), form=True),
    },
}


def _model(
    name: str,
    *,
    add: Collection[str] = (),
    change: Collection[str] = MANAGE,
    delete: Collection[str] = (),
    lists: Collection[str] = ADMINS,
    saving: Answer | None = 200,
    proves: Collection[str] = (),
) -> dict[str, dict[str, Row]]:
    """Return the rows of one model in the admin; `saving` nothing answers the form again.

    `saving` None: there is nothing to change. `proves`: which forms ask for a proof of identity.
    """
    own = f"admin/{name}/<path:object_id>/"

    def form(kind: str, allowed: Collection[str], answer: Answer = 200) -> Row:
        return Row(page(allowed, PROVE if kind in proves else answer), form=True)

    return {
        f"admin/{name}/": {"get post": form("list", lists)},
        f"admin/{name}/add/": {"get post": form("add", add)},
        f"{own}change/": {
            "get": form("change", change),
            "post": form("save", change if saving else (), saving or 404),
        },
        f"{own}delete/": {"get post": form("delete", delete)},
        f"{own}history/": {"get post": form("history", change)},
    }


ADMIN: dict[str, dict[str, Row]] = {
    "admin/": {"get post": Row(page(ADMINS))},
    "admin/autocomplete/": {"get": Row(page(())), "post": Row(page(ADMINS, 405))},
    "admin/latency/": {"get": Row(page(ROOT)), "post": Row(page(ROOT, 405), form=True)},
    "admin/jsi18n/": {"get": Row(page(ADMINS)), "post": Row(page(ADMINS, 405))},
    "admin/^(?P<app_label>accounts|interviews|insights)/$": {"get post": Row(page(ADMINS))},
    "admin/(?P<url>.*)$": {"get post": Row(page(()))},
    "admin/accounts/auditentry/export/": {
        "get": Row(page(ADMINS, 302)),  # nothing chosen: back to the list
        "post": Row(page(ADMINS, PROVE), {"format": "csv"}, form=True),
    },
    "admin/interviews/session/hand-over/<int:membership_id>/": {
        "get post": Row(page(MANAGE), form=True)
    },
    "admin/accounts/user/<id>/password/": {"get post": Row(page(ROOT, PROVE), form=True)},
    **_model("accounts/membership"),
    **_model("accounts/invitation", add=ADMINS, saving=None),
    **_model("accounts/apitoken", saving=None),
    **_model("accounts/auditentry", saving=None),
    **_model("accounts/organization", add=ROOT),
    **_model("accounts/user", add=ROOT, change=ROOT, lists=ROOT),
    **_model("interviews/session", saving=302),
    **_model("interviews/erasure", saving=None),
    **_model("interviews/guide", add=ADMINS, delete=MANAGE),
    **_model("insights/llmspending", saving=None),
    **_model("insights/bankquestion", delete=MANAGE, saving=None),
    "admin/insights/atsconnection/<path:object_id>/mapping/": {
        "get": Row(page(MANAGE)),
        "post": Row(page(MANAGE, 422), {"act": "save"}, form=True),  # nothing is filled in
    },
    "admin/insights/atsconnection/<path:object_id>/try/": {
        "get": Row(page(())),
        "post": Row(page(MANAGE, 302), form=True),
    },
    **_model("insights/atsremoval", saving=302),
    **_model("insights/atsconnection", add=ADMINS, delete=MANAGE, proves=("add", "change", "save")),
    **_model("insights/summarytemplate", add=ADMINS, delete=MANAGE),
    **_model("insights/webhook", add=ADMINS, delete=MANAGE, proves=("add", "change", "save")),
    **_model("insights/webhookdelivery", saving=None),
    # who manages one organization is led to it
    "admin/accounts/organization/": {
        "get post": Row(lambda person: 302 if person in ("ada", "otto") else page(ROOT)(person))
    },
}

RULES: dict[tuple[str, str], Row] = {
    (route, method): row
    for table in (PAGES, ENDPOINTS, ACCOUNT, ADMIN)
    for route, rows in table.items()
    for methods, row in rows.items()
    for method in methods.split()
}
