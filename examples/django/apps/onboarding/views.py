import logging

from django.http import JsonResponse

logger = logging.getLogger(__name__)


def welcome(request, name):
    logger.info("welcome, %s: zażółć gęślą jaźń, 包裹 📦", name)
    return JsonResponse({"welcome": name})
