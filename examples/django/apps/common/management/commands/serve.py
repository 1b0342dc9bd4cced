"""Serves the application with Werkzeug's server, whose log is `werkzeug`."""

from django.core.management import call_command
from django.core.management.base import BaseCommand
from werkzeug.serving import run_simple


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, port, **options):
        call_command("migrate", run_syncdb=True, verbosity=0)
        from config.wsgi import application

        run_simple("0.0.0.0", port, application, threaded=True)
