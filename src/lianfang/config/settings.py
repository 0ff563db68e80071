"""Django's settings. What a deployment may change comes from ``environment``."""

from __future__ import annotations

import pghistory

from lianfang.config.environment import django_database, read_environment
from lianfang.config.field_rules import field_rules
from lianfang.config.policy_folder import policy_packs_folder
from lianfang.config.secrets import load_secrets

ENVIRONMENT = read_environment()
_secrets = load_secrets(ENVIRONMENT.secrets_file)

SECRET_KEY = _secrets.django
ENCRYPTION_KEY = bytes.fromhex(_secrets.encryption)
INDEX_KEY = bytes.fromhex(_secrets.index)

DEBUG = False
IS_BEHIND_PROXY = ENVIRONMENT.is_behind_tls
FIELD_ADDRESS, FIELD_PORT = ENVIRONMENT.field_address, ENVIRONMENT.field_port
PHONE_ADDRESS = ENVIRONMENT.phone_address
ALLOWED_HOSTS = list(ENVIRONMENT.hosts)
ROOT_URLCONF = "lianfang.config.urls"
WSGI_APPLICATION = "lianfang.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "procrastinate.contrib.django",
    "lianfang.foundation.access",
    "lianfang.foundation.audit",
    "lianfang.foundation.privacy",
    "lianfang.foundation.outbox",
    "lianfang.foundation.devices",
    "lianfang.foundation.web",
    "lianfang.domains.registry",
    "lianfang.domains.policy",
    "lianfang.domains.lab_testing",
    "lianfang.domains.cases",
    "lianfang.domains.areas",
    "lianfang.domains.status",
    "lianfang.domains.gates",
    "lianfang.domains.residents",
    "lianfang.domains.command",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lianfang.foundation.web.middleware.SafetyHeaders",
    "django.middleware.gzip.GZipMiddleware",
    "lianfang.foundation.web.middleware.Language",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lianfang.foundation.access.middleware.Acting",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["lianfang.foundation.web.templatetags.lianfang"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "lianfang.foundation.web.context.page",
            ],
        },
    }
]

# "default" is the login of the pages, which row-level security binds; "owner" only migrates.
DATABASES = {
    "default": django_database(ENVIRONMENT.database_url) if ENVIRONMENT.database_url else {},
    "owner": django_database(ENVIRONMENT.owner_url) if ENVIRONMENT.owner_url else {},
}
DATABASES = {name: database for name, database in DATABASES.items() if database or name == "default"}

AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = ["lianfang.foundation.access.backend.AccountBackend"]
LOGIN_URL = "/sign-in/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

SESSION_ENGINE = "lianfang.foundation.access.session_store"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "lianfang_session"
SESSION_COOKIE_SECURE = ENVIRONMENT.is_behind_tls
CSRF_COOKIE_NAME = "lianfang_csrf"
CSRF_COOKIE_SECURE = ENVIRONMENT.is_behind_tls
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "lianfang.foundation.web.errors.csrf_failed"
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ENVIRONMENT.hosts] if ENVIRONMENT.is_behind_tls else []
if ENVIRONMENT.is_behind_tls:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = ENVIRONMENT.time_zone

STATIC_URL = "/static/"
STATIC_ROOT = None
FIELD_RULES, STATICFILES_DIRS = field_rules()
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 30 * 24 * 3600
UPLOADS = ENVIRONMENT.folder / "uploads"
# 500 MB of spreadsheet is refused by intake with a message of its own; this only bounds the request.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
UPLOAD_LIMIT = 200 * 1024 * 1024

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PGHISTORY_DEFAULT_TRACKERS = None
# A history is read by what it is of. An index for every other key would cost each swab, result and status of a night
# more than the row itself.
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)
PGHISTORY_CONTEXT_FIELD = pghistory.ContextForeignKey(db_index=False)
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(db_index=True)
POLICY_PACKS = policy_packs_folder()
# What `lianfang policy history` writes and the page of it reads.
POLICY_HISTORY = ENVIRONMENT.folder / "policy-history.json"
# Rules in the words of the database that decides about few people: made again wherever they are missing.
TRANSLATIONS = ENVIRONMENT.folder / "translations"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
