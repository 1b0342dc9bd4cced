import logging

from django.http import JsonResponse

logger = logging.getLogger(__name__)


def tenant(request, name):
    logger.debug("tenant|%s|was looked up", name)
    return JsonResponse({"tenant": name})
