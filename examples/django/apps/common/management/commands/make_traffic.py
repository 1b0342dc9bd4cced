"""Asks the running application for its pages, at a steady rate. It is the application that logs, not this."""

import http.client
import time

from django.core.management.base import BaseCommand

PAGES = [
    "/health/",
    "/parcels/?receiver=receiver-{n}",
    "/parcels/1/",
    "/login/user-{small}/",
    "/welcome/user-{n}/",
    "/tenants/tenant-{small}/",
    "/parcels/{n}/label/",
    "/parcels/{n}/notify/",
    "/parcels/{n}/code/",
    "/containers/{n}/",
    "/carriers/dhl/sync/",
    "/dashboard/",
    "/reports/{n}/",
    "/retention/",
    "/pages/page-{small}/",
    "/nightly/",
    "/parcels/{n}/crush/",
    "/nowhere/{n}/",
]


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--seconds", type=int, default=60)
        parser.add_argument("--per-second", type=int, default=50, help="requests a second")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, seconds, per_second, port, **options):
        started = time.monotonic()
        pages = 0
        while time.monotonic() < started + seconds:
            self.ask(port, PAGES[pages % len(PAGES)].format(n=pages, small=pages % 7))
            pages += 1
            time.sleep(max(0, started + pages / per_second - time.monotonic()))
        self.stdout.write(f"{pages} pages in {seconds} s")

    def ask(self, port, page):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", page)
        connection.getresponse().read()
        connection.close()
