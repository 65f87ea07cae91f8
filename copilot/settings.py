"""The one settings file: every outside value is read here, once, with its default.

`INTERVIEW_MODE=local` (the default) needs nothing from outside: SQLite, an in-memory channel layer
and broker, keys made on the first start and kept in the data directory. `INTERVIEW_MODE=production`
refuses to start until everything it needs is given. `.env.example` says what each value does.
"""

import base64
import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from copilot.lib import assets
from copilot.lib.crypto import MasterKeys, new_key

env = environ.FileAwareEnv()  # NAME_FILE=/run/secrets/x works for every NAME

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env(BASE_DIR / ".env")  # values of the real environment win

# --- Mode and places -----------------------------------------------------------------------------

INTERVIEW_MODE: str = env.str("INTERVIEW_MODE", "local")
if INTERVIEW_MODE not in {"local", "production"}:
    raise ImproperlyConfigured("INTERVIEW_MODE is either local or production")
PRODUCTION = INTERVIEW_MODE == "production"
DEBUG: bool = env.bool("DEBUG", False)
if DEBUG and PRODUCTION:
    raise ImproperlyConfigured("DEBUG shows what was said on error pages: not in production")
DEFAULT_EXCEPTION_REPORTER_FILTER = "copilot.lib.reporter.NoValues"

INTERVIEW_DATA_DIR = Path(env.str("INTERVIEW_DATA_DIR", str(BASE_DIR / "var"))).expanduser()
# Recordings that are being received or written down, sealed; processes share it.
INTERVIEW_UPLOADS_DIR = Path(
    env.str("INTERVIEW_UPLOADS_DIR", str(INTERVIEW_DATA_DIR / "uploads"))
).expanduser()
INTERVIEW_MODELS_DIR = Path(
    env.str("INTERVIEW_MODELS_DIR", "~/.cache/interview-copilot/models")
).expanduser()


# --- Keys ----------------------------------------------------------------------------------------


def _local_keys() -> dict[str, str]:
    """Make the keys of a local installation once; folder and file are their owner's alone."""
    path, database = INTERVIEW_DATA_DIR / "keys.json", INTERVIEW_DATA_DIR / "db.sqlite3"
    try:
        INTERVIEW_DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Asked before the keys: a first start beside this one makes them before the database.
        in_use = database.exists() and database.stat().st_size > 0
        if not path.exists():
            if in_use and not _master_keys:
                raise ImproperlyConfigured(
                    f"{path} is missing, and without it nothing in {database} can be read: restore "
                    f"it from a backup, or move {INTERVIEW_DATA_DIR} away to begin anew"
                )
            made = {
                "secret": base64.urlsafe_b64encode(os.urandom(48)).decode(),
                "master": f"local:{base64.b64encode(new_key()).decode()}",
            }
            # Written whole under another name, then linked: of several first starts one wins, and
            # one that dies in between leaves no half a file.
            with tempfile.NamedTemporaryFile("w", dir=INTERVIEW_DATA_DIR) as file:  # mode 0600
                json.dump(made, file)
                file.flush()
                with contextlib.suppress(FileExistsError):
                    os.link(file.name, path)
        stored: dict[str, str] = json.loads(path.read_text())
    except OSError as error:
        raise ImproperlyConfigured(
            f"cannot write to the data directory {INTERVIEW_DATA_DIR}: {error.strerror}"
        ) from None
    except ValueError:
        raise ImproperlyConfigured(f"{path} is damaged; restore it from a backup") from None
    return stored


SECRET_KEY: str = env.str("SECRET_KEY", "")
_master_keys: list[str] = env.list("INTERVIEW_MASTER_KEYS", default=[])
if not PRODUCTION:
    os.umask(0o077)  # database, keys and models of a laptop are nobody else's to read
if not PRODUCTION and not (SECRET_KEY and _master_keys):
    _keys = _local_keys()
    SECRET_KEY = SECRET_KEY or _keys["secret"]
    _master_keys = _master_keys or [_keys["master"]]
# Keys that signed before: what they signed and sealed is still good.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY must be given and at least 32 characters long")
if any(len(_fallback) < 32 for _fallback in SECRET_KEY_FALLBACKS):
    raise ImproperlyConfigured("SECRET_KEY_FALLBACKS: each is at least 32 characters long")
try:
    INTERVIEW_MASTER_KEYS = MasterKeys.parse(_master_keys)
except ValueError as reason:
    raise ImproperlyConfigured(f"INTERVIEW_MASTER_KEYS: {reason}") from None
INTERVIEW_CHECKS_KEYS = True  # servers and workers refuse a database of other keys

# --- Hosts and cookies ---------------------------------------------------------------------------

ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"]
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# __Host-: only over HTTPS, only this very host may set or read it.
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE: int = env.int("INTERVIEW_SIGN_IN_HOURS", 12) * 3600
SECURE_SSL_REDIRECT: bool = env.bool("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", False) else None
)
# How many proxies in front append to X-Forwarded-For; 0: the address of the connection counts.
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", 0)
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Applications --------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # first: its `runserver` replaces Django's
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it replaces
    "accounts.apps.AdministrationConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",  # Swagger UI and Redoc as static files
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "copilot",
    "accounts",
    "sessions",
    "transcription",
    "insights",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "copilot.static.StaticMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.OriginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
]

ROOT_URLCONF = "copilot.urls"
ASGI_APPLICATION = "copilot.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sessions.access.navigation",
            ]
        },
    }
]

# --- Data ----------------------------------------------------------------------------------------

_database_url: str = env.str("DATABASE_URL", "")
if _database_url:
    DATABASES = {"default": env.db_url_config(_database_url)}
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", 0)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": INTERVIEW_DATA_DIR / "db.sqlite3",
            "OPTIONS": {
                # IMMEDIATE takes the write lock at BEGIN: it is what makes read-modify-write safe,
                # since select_for_update() does nothing on SQLite.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA secure_delete=ON;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", "")
INTERVIEW_EMBEDDED = not REDIS_URL  # worker, broker and channel layer live in the server's process

if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                # Any finite socket timeout lets redis-py swallow the cancellation of a receive.
                "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
                "symmetric_encryption_keys": [SECRET_KEY, *SECRET_KEY_FALLBACKS],
                "capacity": 1000,
                "expiry": 30,
            },
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "copilot.lib.sealed_cache.SealedRedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "copilot",
            # A Redis that swallows packets must not hold up every request that is counted.
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
else:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "copilot.lib.layers.ThreadsafeInMemoryChannelLayer",
            "CONFIG": {"capacity": 1000},
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # a full one forgets limits and lock-outs
        }
    }

# --- Celery --------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    # A Redis that swallows packets must not hold up whoever wants to enqueue.
    {"visibility_timeout": 600, "socket_connect_timeout": 3, "socket_timeout": 10}
    if REDIS_URL
    else {"polling_interval": 0.05}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # intervals of seconds: no file to remember them
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_TIME_LIMIT = 120
# Asking a model is waiting for it: threads do that. A worker told of no queue serves both.
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {"celery": {}, "analysis": {}}
CELERY_TASK_ROUTES = {
    f"insights.tasks.{name}": {"queue": "analysis"}
    for name in (
        "analyze",
        "deliver",
        "predict",
        "reread",
        "remove",
        "review",
        "send_webhook",
        "summarise",
    )
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}

# --- People --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "sessions:list"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Accounts come from invitations, operators and identity providers: each vouches for the address.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_CHANGE_EMAIL = True  # a new address counts once it is confirmed
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # strangers get no mail from us
ACCOUNT_EMAIL_NOTIFICATIONS = True  # tell people what changed about their account
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before a dangerous act
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds for which the next one needs no new proof
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/10m/key"}
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "reauthenticate": "accounts.forms.PasswordAgainForm",
    "add_email": "accounts.forms.NewEmailForm",
}

MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # see ACCOUNT_EMAIL_VERIFICATION
MFA_TOTP_ISSUER = "Interview Copilot"
MFA_TOTP_TOLERANCE = 1  # clocks of phones are off by seconds; each code still works once
MFA_FORMS = {
    "authenticate": "accounts.forms.CodeForm",
    "reauthenticate": "accounts.forms.CodeAgainForm",
    "activate_totp": "accounts.forms.FirstCodeForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.RenamePasskeyForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # http://localhost

USERSESSIONS_ADAPTER = "accounts.adapters.SignedInAdapter"
USERSESSIONS_TRACK_ACTIVITY = False  # a write per request otherwise

# JSON list: [{"organization": slug, "id": …, "name": …, "issuer": URL, "client_id": …,
# "client_secret": …, "domains": ["example.org"], "role": "interviewer", "origins": [URL]}]
INTERVIEW_OIDC: list[dict[str, Any]] = env.json("INTERVIEW_OIDC", default=[])
for _provider in INTERVIEW_OIDC:
    if _lacking := {"organization", "id", "issuer", "client_id", "client_secret"} - {*_provider}:
        raise ImproperlyConfigured(f"INTERVIEW_OIDC: a provider lacks {sorted(_lacking)}")
    if _provider.get("role", "interviewer") not in {"interviewer", "viewer"}:
        raise ImproperlyConfigured("INTERVIEW_OIDC: newcomers become interviewer or viewer")
    _issuer = urlsplit(_provider["issuer"])
    # ID tokens are trusted because they came from the issuer over TLS.
    if PRODUCTION and _issuer.scheme != "https":
        raise ImproperlyConfigured("INTERVIEW_OIDC: an issuer needs https")
    # The form of the sign-in page is redirected to the provider, and browsers check that.
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += [
        f"{_issuer.scheme}://{_issuer.netloc}",
        *_provider.get("origins", []),
    ]
if len({_provider["id"] for _provider in INTERVIEW_OIDC}) < len(INTERVIEW_OIDC):
    raise ImproperlyConfigured("INTERVIEW_OIDC: every provider needs an id of its own")
SOCIALACCOUNT_ADAPTER = "accounts.adapters.ProviderAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": provider["id"],
                "name": provider.get("name", provider["id"]),
                "client_id": provider["client_id"],
                "secret": provider["client_secret"],
                "settings": {"server_url": provider["issuer"]},
            }
            for provider in INTERVIEW_OIDC
        ],
    }
}

UNFOLD = {
    "SITE_TITLE": "Interview Copilot",
    "SITE_HEADER": "Interview Copilot",
    "SITE_SUBHEADER": "accounts.administration.subheader",
    "SITE_URL": "/sessions/",
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"navigation": "accounts.administration.navigation"},
}

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # one may hold a link

# --- E-mail --------------------------------------------------------------------------------------

_email_url: str = env.str("EMAIL_URL", "")
if _email_url:
    vars().update(env.email_url_config(_email_url))
else:  # local: one file per mail, to be opened by who runs it
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = INTERVIEW_DATA_DIR / "mail"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", "Interview Copilot <copilot@localhost>")
INTERVIEW_INVITATION_HOURS: int = env.int("INTERVIEW_INVITATION_HOURS", 72)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",  # first: strangers get its 401
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.authentication.WithinLimits",
        "accounts.authentication.InScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "copilot.api.error_response",
    "DEFAULT_SCHEMA_CLASS": "copilot.lib.openapi.Operation",
}

SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Interview Copilot",
    "VERSION": "1.0.0",
    "CONTACT": {"name": "Whoever operates this installation"},
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "SERVERS": [{"url": "/api/v1", "description": "This installation"}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": True,
    "COMPONENT_SPLIT_PATCH": False,  # what a PATCH needs is needed
    "ENFORCE_NON_BLANK_FIELDS": True,
    "POSTPROCESSING_HOOKS": ["copilot.schema.finish"],
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # a test does it
}

# --- Limits --------------------------------------------------------------------------------------

# Requests a minute.
INTERVIEW_LIMIT_API_USER: int = env.int("INTERVIEW_LIMIT_API_USER", 600)
INTERVIEW_LIMIT_API_ORGANIZATION: int = env.int("INTERVIEW_LIMIT_API_ORGANIZATION", 3000)
INTERVIEW_LIMIT_API_ANONYMOUS: int = env.int("INTERVIEW_LIMIT_API_ANONYMOUS", 60)  # per address
INTERVIEW_LIMIT_CONNECTS_USER: int = env.int("INTERVIEW_LIMIT_CONNECTS_USER", 120)  # of sockets
# Sockets open at the same time; those that carry audio count in both.
INTERVIEW_LIMIT_SOCKETS_USER: int = env.int("INTERVIEW_LIMIT_SOCKETS_USER", 20)
INTERVIEW_LIMIT_SOCKETS_ORGANIZATION: int = env.int("INTERVIEW_LIMIT_SOCKETS_ORGANIZATION", 400)
INTERVIEW_LIMIT_AUDIO_USER: int = env.int("INTERVIEW_LIMIT_AUDIO_USER", 6)
INTERVIEW_LIMIT_AUDIO_ORGANIZATION: int = env.int("INTERVIEW_LIMIT_AUDIO_ORGANIZATION", 100)
# Recordings that are being received or wait to be written down.
INTERVIEW_LIMIT_UPLOADS_USER: int = env.int("INTERVIEW_LIMIT_UPLOADS_USER", 3)
INTERVIEW_LIMIT_UPLOADS_ORGANIZATION: int = env.int("INTERVIEW_LIMIT_UPLOADS_ORGANIZATION", 20)
INTERVIEW_UPLOAD_MAX_BYTES: int = env.int("INTERVIEW_UPLOAD_MAX_BYTES", 1024**3)
# Parts of recordings stay in memory until they are sealed: nothing spoken is spooled in clear.
FILE_UPLOAD_MAX_MEMORY_SIZE = 9 * 1024 * 1024
# Nor is a résumé: what is too large for memory is taken by no handler at all.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
# Seconds after which an open socket asks again whether it may be, should no message have told it.
INTERVIEW_ACCESS_INTERVAL: float = env.float("INTERVIEW_ACCESS_INTERVAL", 60.0)

# --- Language and time ---------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
FORMAT_MODULE_PATH = ["copilot.formats"]
LOCALE_PATHS = [BASE_DIR / "copilot" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE: str = env.str("TIME_ZONE", "UTC")

# --- Static files --------------------------------------------------------------------------------

# The version in their path lets browsers keep them; while somebody works on them there is none.
STATIC_URL = "/static/" if DEBUG else f"/static/{assets.version(BASE_DIR / 'static')}/"
STATIC_ROOT = INTERVIEW_DATA_DIR / "static" if PRODUCTION else None  # local: served as they lie
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/[0-9a-f]{12}/"

# --- Speech --------------------------------------------------------------------------------------

# Per language: auto, vosk, whisper, two_pass or scripted, e.g. "en=whisper,ko=vosk".
INTERVIEW_ENGINES: dict[str, str] = env.dict("INTERVIEW_ENGINES", default={})
INTERVIEW_WHISPER_WORKERS: int = env.int("INTERVIEW_WHISPER_WORKERS", os.cpu_count() or 1)
INTERVIEW_PARTIAL_INTERVAL: float = env.float("INTERVIEW_PARTIAL_INTERVAL", 0.6)
INTERVIEW_SCRIPT: str = env.str("INTERVIEW_SCRIPT", "")  # JSON file of the scripted engine
INTERVIEW_MAX_STREAMS: int = env.int("INTERVIEW_MAX_STREAMS", 4 * (os.cpu_count() or 1))
INTERVIEW_TOKEN: str = env.str("INTERVIEW_TOKEN", "")  # API token of `manage.py vosk_bridge`
# Recordings written down at the same time, in all processes together.
INTERVIEW_UPLOAD_WORKERS: int = env.int("INTERVIEW_UPLOAD_WORKERS", 1)
INTERVIEW_UPLOAD_LEASE: float = env.float("INTERVIEW_UPLOAD_LEASE", 60.0)  # seconds

# --- Analysis ------------------------------------------------------------------------------------

INTERVIEW_LLM_BASE_URL: str = env.str("INTERVIEW_LLM_BASE_URL", "")
INTERVIEW_LLM_API_KEY: str = env.str("INTERVIEW_LLM_API_KEY", "")
INTERVIEW_LLM_MODEL: str = env.str("INTERVIEW_LLM_MODEL", "gpt-4o-mini")
INTERVIEW_LLM_READ_TIMEOUT: float = env.float("INTERVIEW_LLM_READ_TIMEOUT", 8.0)  # seconds
INTERVIEW_LLM_TOTAL_TIMEOUT: float = env.float("INTERVIEW_LLM_TOTAL_TIMEOUT", 25.0)  # seconds
# A card comes within this time: where the model has given none, the rules give some meanwhile.
INTERVIEW_LLM_PATIENCE: float = env.float("INTERVIEW_LLM_PATIENCE", 1.5)  # seconds
INTERVIEW_LLM_RETRIES: int = env.int("INTERVIEW_LLM_RETRIES", 2)  # after 429, 5xx and timeouts
INTERVIEW_LLM_CONCURRENCY: int = env.int("INTERVIEW_LLM_CONCURRENCY", 16)  # calls, all together
# What a million tokens cost, in whatever currency; it is written down, nothing depends on it.
INTERVIEW_LLM_PRICE_IN: float = env.float("INTERVIEW_LLM_PRICE_IN", 0.0)
INTERVIEW_LLM_PRICE_OUT: float = env.float("INTERVIEW_LLM_PRICE_OUT", 0.0)
INTERVIEW_LLM_PREDICTION: bool = env.bool("INTERVIEW_LLM_PREDICTION", True)  # while people talk
INTERVIEW_ANALYSIS_CACHE: float = env.float("INTERVIEW_ANALYSIS_CACHE", 3600.0)  # seconds
INTERVIEW_ANALYSIS_WORKERS: int = env.int("INTERVIEW_ANALYSIS_WORKERS", 8)  # threads
# Networks and hosts, not public, that webhooks and ATS connections may lead to, also without TLS.
INTERVIEW_OUTGOING_ALLOW: list[str] = env.list("INTERVIEW_OUTGOING_ALLOW", default=[])
INTERVIEW_METRICS_TOKEN: str = env.str("INTERVIEW_METRICS_TOKEN", "")  # empty: no /metrics
# More fonts (TTF, OTF) for scripts that those of exported PDFs lack, such as Chinese or Hindi.
INTERVIEW_PDF_FONTS: list[str] = env.list("INTERVIEW_PDF_FONTS", default=[])
# Seconds between two writings of what a process counted; 0: latencies are not kept.
INTERVIEW_LATENCY_INTERVAL: float = env.float("INTERVIEW_LATENCY_INTERVAL", 5.0)
INTERVIEW_ANALYSIS_INTERVAL: float = env.float("INTERVIEW_ANALYSIS_INTERVAL", 5.0)  # seconds
INTERVIEW_ANALYSIS_LEASE: float = env.float("INTERVIEW_ANALYSIS_LEASE", 40.0)  # seconds
INTERVIEW_SWEEP_INTERVAL: float = env.float("INTERVIEW_SWEEP_INTERVAL", 3.0)  # seconds
INTERVIEW_RETENTION_INTERVAL: float = env.float("INTERVIEW_RETENTION_INTERVAL", 60.0)  # seconds
# Rows that erasing removes in one transaction, and seconds after which a run leaves the rest to the
# next one.
INTERVIEW_ERASE_BATCH: int = env.int("INTERVIEW_ERASE_BATCH", 500)
INTERVIEW_ERASE_SECONDS: float = env.float("INTERVIEW_ERASE_SECONDS", 40.0)
INTERVIEW_MAX_HOURS: int = env.int("INTERVIEW_MAX_HOURS", 12)  # then an interview is ended
CELERY_BEAT_SCHEDULE = {
    "sweep-analysis": {
        "task": "insights.tasks.sweep",
        "schedule": INTERVIEW_SWEEP_INTERVAL,
        "options": {"expires": INTERVIEW_SWEEP_INTERVAL},
    },
    "sweep-reviews": {
        "task": "insights.tasks.sweep_reviews",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "sweep-deliveries": {
        "task": "insights.tasks.sweep_deliveries",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "sweep-webhooks": {
        "task": "insights.tasks.sweep_webhooks",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "clear-webhooks": {
        "task": "insights.tasks.clear_webhooks",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "forget-answers": {
        "task": "accounts.tasks.forget_answers",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "fold-latencies": {
        "task": "insights.tasks.fold_latencies",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "sweep-uploads": {
        "task": "transcription.tasks.sweep_uploads",
        "schedule": INTERVIEW_SWEEP_INTERVAL,
        "options": {"expires": INTERVIEW_SWEEP_INTERVAL},
    },
    "clear-uploads": {
        "task": "transcription.tasks.clear_uploads",
        "schedule": INTERVIEW_RETENTION_INTERVAL,
        "options": {"expires": INTERVIEW_RETENTION_INTERVAL},
    },
    "seal-audit": {  # what a crash between commit and seal left
        "task": "accounts.tasks.seal_audit",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "erase-expired": {
        "task": "sessions.tasks.erase_expired",
        "schedule": INTERVIEW_RETENTION_INTERVAL,
        "options": {"expires": INTERVIEW_RETENTION_INTERVAL},
    },
}

# --- Logs: ids, counts and kinds, never words ----------------------------------------------------

LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO")  # of our own code; others tell no more than INFO
LOG_FORMAT: str = env.str("LOG_FORMAT", "json" if PRODUCTION else "line")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured("LOG_FORMAT is either line or json")
SENTRY_DSN: str = env.str("SENTRY_DSN", "")  # where errors are reported to; empty: nowhere
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "copilot.lib.logs.Lines"},
        "json": {"()": "copilot.lib.logs.JsonLines"},
    },
    "filters": {
        "ids": {"()": "copilot.tracing.WithIds"},
        "without_words": {"()": "copilot.lib.logs.WithoutWords"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["ids", "without_words"],
        }
    },
    # Libraries tell at DEBUG what they are given: frames of sockets, requests, statements.
    "root": {"handlers": ["console"], "level": "INFO" if LOG_LEVEL == "DEBUG" else LOG_LEVEL},
    "loggers": {
        **{
            name: {"level": LOG_LEVEL}
            for name in ("copilot", "accounts", "sessions", "transcription", "insights")
        },
        # Without the handlers that Django gives them: a console of its own, and mail to ADMINS with
        # settings and local variables.
        "django": {"level": "NOTSET"},
        "django.server": {"level": "WARNING", "propagate": True},
        "presidio-analyzer": {"level": "ERROR"},  # would log what it reads at DEBUG
        "faster_whisper": {"level": "ERROR"},  # would log what it hears at DEBUG
        "openai": {"level": "WARNING"},  # would log whole requests at DEBUG
        "fontTools": {"level": "WARNING"},  # would log which letters a PDF holds
        "fpdf": {"level": "ERROR"},  # would log what it could not draw
        "httpx2": {"level": "WARNING"},
        "django.dispatch": {"level": "CRITICAL"},  # would log what receivers raise; the senders do
        "celery": {"level": "WARNING"},
        "celery.app.trace": {"level": "CRITICAL"},  # copilot.celery tells
        "daphne": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
    },
}

# --- Production refuses to start half-configured -------------------------------------------------

if PRODUCTION:
    _missing = [
        name
        for name, value in {
            "ALLOWED_HOSTS": ALLOWED_HOSTS,
            "DATABASE_URL": _database_url,
            "EMAIL_URL": _email_url,
            "REDIS_URL": REDIS_URL,
        }.items()
        if not value
    ]
    if _missing:
        raise ImproperlyConfigured(f"production needs {', '.join(_missing)}")
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts, not *")
