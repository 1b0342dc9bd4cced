import logging

from django.http import JsonResponse

logger = logging.getLogger("apps.container.scan")


def scan(request, number):
    logger.warning("Container %d\tis scanned\ttwice", number)
    return JsonResponse({"container": number})
