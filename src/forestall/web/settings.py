"""Django's settings, from the environment alone. ``forestall serve`` sets what its options say and reads the rest.

``FORESTALL_STORE``         the record store that the workplace reads
``FORESTALL_DB``            the SQLite file of people, decisions and work (default: ``workplace.sqlite3`` in the store)
``FORESTALL_DATABASE_URL``  PostgreSQL in its place: ``postgresql://user:password@host:5432/name``
``FORESTALL_AUDIT_ANCHORS`` the file of the audit log's anchors, best on another disk (default: beside the database)
``FORESTALL_SECRET_KEY``    the file of the signing key, made at first run with mode 600 (default: beside the database)
``FORESTALL_BIND``          the address that the server listens on (default 127.0.0.1)
``FORESTALL_HOSTS``         host names that requests may carry, with commas, beside the loopback ones
``FORESTALL_HTTPS``         1 where a proxy in front speaks TLS (default: 0 on loopback, else 1)
``FORESTALL_HOTSPOT_FORECASTS``  1 where the force's ethics body switched forecasts of hot spots on, its decision on record
``FORESTALL_ADDRESS``       where people reach the workplace, for links in e-mail (default: the first host, else loopback)
``FORESTALL_SMTP_HOST``     the server that takes e-mail; without it none is sent. Beside it ``FORESTALL_SMTP_PORT``
                            (default 587, with ``tls`` 465), ``_USER``, ``_PASSWORD_FILE``, ``_FROM`` (the
                            sender's address) and ``_TLS``: ``starttls`` (default), ``tls`` or ``none``
``FORESTALL_NIGHTLY_HOUR``  the hour of the day, on the force's clock, from which the nightly run may begin (default 3)
``FORESTALL_LEASE``         seconds after which a worker that gives no sign of life loses its task (default 60)
``FORESTALL_PROXY``         1 where that proxy sets X-Forwarded-For and X-Forwarded-Proto, which are otherwise not believed
``FORESTALL_OIDC_…``        signing in with an organisation's own accounts: :mod:`forestall.web.provider` lists them
"""

from __future__ import annotations

import os
from pathlib import Path

from forestall.web import environment, provider

STORE = Path(os.environ.get("FORESTALL_STORE", "store"))
DATABASE_FILE = Path(os.environ.get("FORESTALL_DB") or STORE / "workplace.sqlite3")
BIND = os.environ.get("FORESTALL_BIND", "127.0.0.1")
AUDIT_ANCHORS = Path(os.environ.get("FORESTALL_AUDIT_ANCHORS") or DATABASE_FILE.with_name("audit-anchors.jsonl"))
LOOPBACK = environment.is_loopback(BIND)
HTTPS = environment.switch("FORESTALL_HTTPS", default=not LOOPBACK)
BEHIND_PROXY = environment.switch("FORESTALL_PROXY", default=False)
HOTSPOT_FORECASTS = environment.switch("FORESTALL_HOTSPOT_FORECASTS", default=False)

DEBUG = False
SECRET_KEY = environment.secret_key(Path(os.environ.get("FORESTALL_SECRET_KEY") or DATABASE_FILE.with_suffix(".key")))
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *environment.words("FORESTALL_HOSTS")]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in environment.words("FORESTALL_HOSTS")] if HTTPS else []

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django_tasks",
    "django_tasks_db",
    "forestall.web.people",
    "forestall.web.audit",
    "forestall.web.signals",
    "forestall.web.explore",
    "forestall.web.tasking",
    "forestall.web.plans",
    "forestall.web.library",
    "forestall.web.assessing",
    "forestall.web.work",
    "forestall.web.retention",
    "forestall.web.api",
]
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "forestall.web.people.backend.LocalAccounts",
    "forestall.web.people.oidc.OrganisationAccounts",
]
OIDC = provider.from_environment()
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "forestall.web.middleware.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "forestall.web.middleware.Language",
    "forestall.web.middleware.SignedInOnly",
    "forestall.web.middleware.PlainErrors",
    "forestall.web.audit.middleware.Reasons",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "forestall.web.urls"
WSGI_APPLICATION = "forestall.web.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [Path(__file__).parent / "templates"],
        "OPTIONS": {
            "environment": "forestall.web.jinja.environment",
            "context_processors": ["forestall.web.jinja.everywhere"],
        },
    }
]

DATABASES = {"default": environment.database(os.environ.get("FORESTALL_DATABASE_URL", ""), DATABASE_FILE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
TASK_LEASE = environment.number("FORESTALL_LEASE", default=60, least=1, most=3600)
NIGHTLY_HOUR = environment.number("FORESTALL_NIGHTLY_HOUR", default=3, least=0, most=23)

_HOSTS = environment.words("FORESTALL_HOSTS")
ADDRESS = (os.environ.get("FORESTALL_ADDRESS") or (f"https://{_HOSTS[0]}" if _HOSTS else "http://127.0.0.1:8000")).rstrip(
    "/"
)
_MAIL = environment.mail()
MAIL = bool(_MAIL["EMAIL_HOST"])
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL else 'dummy'}.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_HOST"], _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"], _MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL["EMAIL_USE_TLS"], _MAIL["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = _MAIL["DEFAULT_FROM_EMAIL"]

STATIC_URL = "/static/"
STATICFILES_DIRS = [Path(__file__).parent / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 600

USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("cy", "Cymraeg")]
LANGUAGE_COOKIE_NAME = "forestall_language"
USE_TZ = True
TIME_ZONE = "Europe/London"

SESSION_COOKIE_NAME = "forestall_session"
SESSION_COOKIE_AGE = 10 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "forestall_csrf"
CSRF_FAILURE_VIEW = "forestall.web.views.csrf_failure"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_SSL_REDIRECT = HTTPS and BEHIND_PROXY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}
