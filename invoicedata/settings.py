"""Settings. Everything that differs between machines comes from the environment; docs/configuration.md lists it all."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from invoicedata import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR") or BASE_DIR / "var").resolve()
RUN_DIR = Path(env.text("RUN_DIR") or DATA_DIR / "run").resolve()  # what is worth nothing when this machine stops
DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", fallback=DATA_DIR / "secret-key")
# Secrets in the database are written with the first of these keys and read with any of them.
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS") or [env.secret("ENCRYPTION_KEY", fallback=DATA_DIR / "encryption-key")]

# Where clients reach this service. https here switches on secure cookies and HSTS; TLS itself is ended by a proxy.
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in ("http", "https") or not _public.hostname:
    raise ImproperlyConfigured(f"PUBLIC_URL={PUBLIC_URL!r} is not valid: it must be like https://invoices.example.com.")
HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or ["127.0.0.1", "localhost", "[::1]", _public.hostname]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django_q",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "invoicedata.apps.InvoiceDataConfig",
    "pims.apps.PimsConfig",
    "invoices.apps.InvoicesConfig",
    "invoicedata.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "csp",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "invoices.api.metrics.RequestMetricsMiddleware",
    "invoicedata.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "invoicedata.middleware.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "invoices.api.throttling.AddressLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "invoices.admin.middleware.FormUploadMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "invoicedata.urls"
WSGI_APPLICATION = "invoicedata.wsgi.application"
APPEND_SLASH = False
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------------------------
DATABASE_URL = env.confidential("DATABASE_URL", f"sqlite:///{DATA_DIR / 'invoicedata.sqlite3'}")
try:
    _database: dict[str, Any] = dict(env.env.db_url_config(DATABASE_URL))
except (ValueError, ImproperlyConfigured) as error:
    raise ImproperlyConfigured("DATABASE_URL is not valid: it must be like postgres://user@host:5432/name.") from error
if _database.get("ENGINE") == "django.db.backends.sqlite3":
    # Writers queue (IMMEDIATE) instead of failing, an accepted upload survives a power cut (synchronous=FULL), and what
    # is deleted is overwritten (secure_delete).
    _database["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=30000; "
        "PRAGMA secure_delete=ON;",
    }
elif _database.get("ENGINE") != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL is not valid: it must name a sqlite or a postgres database.")
else:
    # Django turns prepared statements off, also for the few that ask for it (invoicedata.rows).
    _database["OPTIONS"] = {**_database.get("OPTIONS", {}), "prepare_threshold": 1}
_database["CONN_MAX_AGE"] = 600
_database["CONN_HEALTH_CHECKS"] = True
if (_pool := env.whole("DATABASE_POOL", 0)) and _database["ENGINE"] == "django.db.backends.postgresql":
    _database["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": _pool}}
    _database["CONN_MAX_AGE"] = 0
if _test_name := env.text("TEST_DATABASE_NAME"):
    _database["TEST"] = {"NAME": _test_name}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Memory of a process -------------------------------------------------------------------------------------------
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- Files ----------------------------------------------------------------------------------------------------------
MEDIA_ROOT = DATA_DIR / "files"
PICTURES_DIR = DATA_DIR / "pictures"
STORAGE_URL = env.confidential("STORAGE_URL")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"file_permissions_mode": 0o600}},
    "pictures": {  # of pages, some 150 KB each; they can be drawn again
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PICTURES_DIR, "file_permissions_mode": 0o600, "allow_overwrite": True},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if STORAGE_URL:
    from invoicedata.storage import storage_options  # not for those who need none of it: it takes a while to import

    STORAGES["default"] = STORAGES["pictures"] = storage_options(STORAGE_URL)
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_DIR") or DATA_DIR / "static").resolve()
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
MAX_UPLOAD_BYTES = 10 * 1024 * 1024  # contract 1: 10 MB a file
MIN_UPLOAD_BYTES = 50 * 1024  # contract 1: 50 KB
UPLOAD_ENVELOPE_BYTES = 64 * 1024  # multipart boundaries and the other fields around a file
FILE_UPLOAD_HANDLERS = ["invoicedata.uploads.BoundedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
FILE_UPLOAD_PERMISSIONS = 0o600
REQUEST_SECONDS = env.number("REQUEST_SECONDS", 300, least=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000  # an invoice of some hundred lines in the admin
DATA_UPLOAD_MAX_NUMBER_FILES = 100
INVOICE_FILE_REQUIREMENTS = env.choice("INVOICE_FILE_REQUIREMENTS", "strict", ["strict", "advisory"])
for _directory in (MEDIA_ROOT, PICTURES_DIR, FILE_UPLOAD_TEMP_DIR, STATIC_ROOT):
    _directory.mkdir(parents=True, exist_ok=True, mode=0o700)

# --- Reading --------------------------------------------------------------------------------------------------------
CORES = os.cpu_count() or 1
OCR_ENGINE = env.choice("OCR_ENGINE", "auto", ["auto", "rapidocr", "tesseract"])
OCR_LANGUAGES = env.words("OCR_LANGUAGES", ["eng"])
OCR_PAGE_SECONDS = env.number("OCR_PAGE_SECONDS", 30, least=1)
OCR_DOCUMENT_SECONDS = env.number("OCR_DOCUMENT_SECONDS", 120, least=1)
OCR_MAX_PAGES = env.whole("OCR_MAX_PAGES", 50, least=1)

# --- Jobs -----------------------------------------------------------------------------------------------------------
WORKERS = env.whole("WORKERS", CORES, least=1)
SYNC_WAIT_SECONDS = env.number("SYNC_WAIT_SECONDS", 25)
SYNC_WAITING = env.whole("SYNC_WAITING", 64, least=1)
JOB_LEASE_SECONDS = env.whole("JOB_LEASE_SECONDS", 60, least=5)
JOB_MAX_ATTEMPTS = env.whole("JOB_MAX_ATTEMPTS", 4, least=1)
MAX_QUEUED_JOBS = env.whole("MAX_QUEUED_JOBS", 3000, least=1)
REDIS_URL = env.confidential("REDIS_URL")
Q_CLUSTER: dict[str, Any] = {
    "name": "invoicedata",
    "workers": WORKERS,
    "queue_limit": WORKERS,  # bounds what a dead cluster takes with it
    "timeout": int(OCR_DOCUMENT_SECONDS) + 30,
    "retry": 2 * int(OCR_DOCUMENT_SECONDS) + 60,  # never used: a nudge is handed out once (invoices.services.broker)
    "ack_failures": True,
    "max_attempts": 1,  # attempts are counted in the job's own row
    "save_limit": -1,  # the job's row is the record; django-q keeps none
    "recycle": 500,
    "catch_up": False,
    "poll": 0.2,
    "label": "Queue",
}
if REDIS_URL:
    Q_CLUSTER["redis"] = REDIS_URL
else:
    Q_CLUSTER["orm"] = "default"
    Q_CLUSTER["broker_class"] = "invoices.services.broker.NudgeBroker"

# --- Webhooks -------------------------------------------------------------------------------------------------------
WEBHOOK_PRIVATE_HOSTS = env.words("WEBHOOK_PRIVATE_HOSTS")
# Seconds from one attempt to the next: ten attempts over three days (Standard Webhooks' example), then it is given up.
WEBHOOK_RETRY_SECONDS = env.whole_list(
    "WEBHOOK_RETRY_SECONDS", [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600]
)
WEBHOOK_DISABLE_HOURS = env.number("WEBHOOK_DISABLE_HOURS", 120)

# --- E-mail: notices to tenants ---------------------------------------------------------------------------------------
EMAIL_URL = env.confidential("EMAIL_URL")
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
if EMAIL_URL:
    vars().update(env.mail(EMAIL_URL))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", f"invoices@{_public.hostname}")

# --- E-mail in ------------------------------------------------------------------------------------------------------
MAILBOXES = env.boolean("MAILBOXES", default=False)
MAIL_PRIVATE_HOSTS = env.words("MAIL_PRIVATE_HOSTS")

# --- Practice systems -----------------------------------------------------------------------------------------------
PIMS_PRIVATE_HOSTS = env.words("PIMS_PRIVATE_HOSTS")
# Records of unpaid invoices are asked for again when they are this old, for this long.
PIMS_REFRESH_HOURS = env.whole("PIMS_REFRESH_HOURS", 24, least=1)
PIMS_REFRESH_DAYS = env.whole("PIMS_REFRESH_DAYS", 120)

# --- API ------------------------------------------------------------------------------------------------------------
TOKEN_LIFETIME = timedelta(hours=24)
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["invoicedata.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["invoicedata.permissions.HasTokenPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["invoices.api.throttling.TenantThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "COERCE_DECIMAL_TO_STRING": False,
    "UNICODE_JSON": True,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Invoice Data",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Invoices read from photos, scans and PDFs, reconciled with the practice's own records.",
    "CAMELIZE_NAMES": True,  # of path parameters, as contract 1 spells them
    "TAGS": [
        {"name": "Invoices", "description": "Process and manage invoice data"},
        {"name": "Health", "description": "Service health check endpoint"},
    ],
    "PREPROCESSING_HOOKS": ["invoices.api.schema.without_slash_twins"],
    "POSTPROCESSING_HOOKS": ["invoices.api.schema.inline_enumerations"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Limits: 0 = none -------------------------------------------------------------------------------------------------
ADDRESS_REQUESTS_PER_MINUTE = env.whole("ADDRESS_REQUESTS_PER_MINUTE", 60_000)
TENANT_LIMITS = {  # of a tenant that has none of its own
    "requests_per_minute": env.whole("TENANT_REQUESTS_PER_MINUTE", 60_000),
    "uploads_per_day": env.whole("TENANT_UPLOADS_PER_DAY", 200_000),
    "megabytes_per_day": env.whole("TENANT_MEGABYTES_PER_DAY", 500_000),
    "max_queued_jobs": env.whole("TENANT_QUEUED_JOBS", 1000),
}

# --- Retention: days, 0 = for ever ------------------------------------------------------------------------------------
TENANT_RETENTION = {  # of a tenant that has none of its own
    "keep_files_days": env.whole("KEEP_FILES_DAYS", 0),
    "keep_results_days": env.whole("KEEP_RESULTS_DAYS", 0),
    "keep_payloads_days": env.whole("KEEP_PAYLOADS_DAYS", 90),
    "keep_deliveries_days": env.whole("KEEP_DELIVERIES_DAYS", 365),
}
KEEP_EVENTS_DAYS = env.whole("KEEP_EVENTS_DAYS", 730)

# --- Staff, language, time ------------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
STAFF_TWO_FACTOR = env.choice("STAFF_TWO_FACTOR", "optional", ["optional", "required"])
OTP_TOTP_ISSUER = "Invoice Data"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# --- Security -------------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0  # two years
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
BEHIND_PROXY = env.boolean("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"
# An API that redirected http to https would hide clients that send their token in the clear (OWASP ASVS 4.1.2):
# the proxy that ends TLS refuses plain http instead.
SILENCED_SYSTEM_CHECKS = ["security.W008"]
SILENCED_SYSTEM_CHECKS += ["models.W040"]  # SQLite leaves out the columns that an index only carries along
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# --- Metrics and errors -----------------------------------------------------------------------------------------------
METRICS_TOKEN = env.confidential("METRICS_TOKEN")
METRICS_ADDRESS = env.text("METRICS_ADDRESS")
SENTRY_DSN = env.confidential("SENTRY_DSN")
if SENTRY_DSN:
    from invoicedata.error_tracking import start_error_tracking

    start_error_tracking(SENTRY_DSN, environment=env.text("SENTRY_ENVIRONMENT", "production"))

# --- Logs -----------------------------------------------------------------------------------------------------------
LOG_FORMAT = env.choice("LOG_FORMAT", "text" if DEBUG else "json", ["json", "text"])
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "invoicedata.logs.RequestIdFilter"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
        "text": {"format": "{asctime} {levelname:<7} {name} [{request_id}] {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True, "level": LOG_LEVEL},
        "django.server": {"handlers": [], "propagate": True},
        "django_q": {"handlers": [], "propagate": True},
        "django-q": {"handlers": ["console"], "propagate": False, "level": "WARNING"},
    },
}
