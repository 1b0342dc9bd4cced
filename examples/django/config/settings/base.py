"""Settings of a small parcel tracking application, made to be tried out and not to be put on the internet."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LOG_DIR = BASE_DIR / "apps" / "logs"

SECRET_KEY = "an example has no secrets"
ALLOWED_HOSTS = ["*"]
# With it each query is logged to django.db.backends.
DEBUG = True
INSTALLED_APPS = ["apps.common", "apps.parcels"]
ROOT_URLCONF = "config.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/tmp/parcels.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ.get("REDIS_URL", "redis://redis:6379/0"),
    },
}
# The formatter writes local time, and Sawmill's pipeline reads it as UTC.
TIME_ZONE = "UTC"


def rotating_file(stream):
    return {
        "class": "logging.handlers.RotatingFileHandler",
        "filename": LOG_DIR / f"{stream}.log",
        "maxBytes": 10 * 1024 * 1024,
        "backupCount": 5,
        "encoding": "utf-8",
        "formatter": "pt",
        # Only a process that logs opens the file. Two that write to it would rotate it away from each other.
        "delay": True,
    }


def to_file(stream):
    return {"handlers": [f"file_{stream}"], "level": "DEBUG", "propagate": False}


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "pt": {
            "format": "%(levelname)s|%(name)s|%(asctime)s.%(msecs)03d|%(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S",
        },
    },
    "handlers": {
        "file_django": rotating_file("django"),
        "file_server": rotating_file("server"),
        "file_system": rotating_file("system"),
        "file_aws": rotating_file("aws"),
        "file_network": rotating_file("network"),
        "file_app": rotating_file("app"),
    },
    "loggers": {
        "django.request": to_file("django"),
        "django.db.backends": to_file("django"),
        "werkzeug": to_file("server"),
        "watchdog": to_file("system"),
        "PIL": to_file("system"),
        "nose": to_file("system"),
        "boto": to_file("aws"),
        "boto3": to_file("aws"),
        "botocore": to_file("aws"),
        "s3transfer": to_file("aws"),
        "urllib3": to_file("network"),
    },
    "root": {"handlers": ["file_app"], "level": "DEBUG"},
}
