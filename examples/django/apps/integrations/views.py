import logging

import urllib3
from django.http import JsonResponse

logger = logging.getLogger("apps.integrations.carriers")
carriers = urllib3.PoolManager()


def sync(request, name):
    """Asks a carrier how it is. Here the carrier is this application."""
    answer = carriers.request("GET", f"http://127.0.0.1:{request.get_port()}/carriers/{name}/status/")
    logger.info("Carrier %s answers %d", name, answer.status)
    return JsonResponse({"carrier": name})


def status(request, name):
    return JsonResponse({"carrier": name, "late": False})
