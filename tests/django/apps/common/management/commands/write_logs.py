"""Writes numbered records through the application's real loggers, and a manifest of them."""

import logging
import time

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.test import Client

from apps.common.manifest import Manifest

# The application's own loggers carry most of the traffic.
APPLICATION = [
    "apps.parcels.views",
    "apps.custom_auth.backends",
    "apps.onboarding.views",
    "apps.parcels.tasks",
    "apps.tenant_manager.middleware",
    "apps.notification.email",
    "apps.manage_reports.pdf",
    "apps.integrations.carriers.dhl",
    "apps.dashboard.views",
    "apps.data_governance.policies",
    "apps.branded.pages",
    "apps.container.scan",
    "apps.harmonization.codes",
    "apps.logs.views",
    "apps.cron_tasks.nightly",
    "apps.common.utils",
    "config.settings.base",
    "config.urls",
    "celery",
    "celery.worker.strategy",
    "mailer.tasks",
    "some_library.of_nobody",
    "root",
]
LIBRARIES = [
    "django.request",
    "django.db.backends",
    "django.db.backends.schema",
    "django.security.csrf",
    "django.utils.autoreload",
    "werkzeug",
    "boto",
    "boto3",
    "boto3.resources.factory",
    "botocore.endpoint",
    "s3transfer.utils",
    "urllib3.connectionpool",
    "watchdog.observers",
    "PIL.PngImagePlugin",
    "nose.plugins",
]
LOGGERS = APPLICATION * 3 + LIBRARIES
LEVELS = [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL]
TEXTS = [
    "Parcel %s created, 3 items, 12.50 EUR",
    "GET /api/v1/parcels/%s/ 200 0.082922",
    'parcel %s said "hello" and \'goodbye\'',
    "zażółć gęślą jaźń, 包裹 %s 已创建 📦 🇵🇱",
    "columns|of|parcel %s||with|pipes|",
    "\ttabs\tof\tparcel\t%s\t",
    r"C:\parcels\%s\new <b>&amp;</b>",
    "\x1b[35m\x1b[1mPOST /parcels/%s/ HTTP/1.1\x1b[0m 500 -",
    '{"parcel": %s, "nested": {"json": [1, 2.50, null]}}',
    "parcel %s " + "is a long story " * 12,
    "parcel %s ends in blanks   ",
    "parcel %s\nhas a second line\nand a third",
]
BY_DJANGO_EVERY = 500
TRACEBACK_EVERY = 211


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("records", type=int, help="how many records to write, all files together")
        parser.add_argument("--manifest", required=True, help="file to write the manifest to")
        parser.add_argument("--per-second", type=int, default=0, help="records a second; 0 is as fast as it goes")

    def handle(self, *, records, manifest, per_second, **options):
        started = time.monotonic()
        with open(manifest, "w", encoding="utf-8") as file:
            Manifest(file).watch(file_handlers())
            for number in range(1, records + 1):
                write(number)
                if per_second and number % 100 == 0:
                    time.sleep(max(0, started + number / per_second - time.monotonic()))


def file_handlers():
    names = [None, *settings.LOGGING["loggers"]]
    return {handler for name in names for handler in logging.getLogger(name).handlers}


def write(number):
    """Writes one record. Some are made by Django itself, on its own occasions."""
    if number % BY_DJANGO_EVERY == 0:
        by_django(number)
    elif number % TRACEBACK_EVERY == 0:
        traceback(logger(number), number)
    else:
        level = LEVELS[number % len(LEVELS)]
        logger(number).log(level, TEXTS[number % len(TEXTS)], f"#{number}")


def logger(number):
    name = LOGGERS[number % len(LOGGERS)]
    return logging.getLogger(None if name == "root" else name)


def by_django(number):
    turn = number // BY_DJANGO_EVERY % 3
    if turn == 0:
        Client().get(f"/parcels/{number}/")
    elif turn == 1:
        Client(raise_request_exception=False).get(f"/broken/{number}/")
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", [number])


def traceback(log, number):
    try:
        {}[f"parcel #{number}"]
    except KeyError:
        log.exception("Parcel #%s is lost", number)
