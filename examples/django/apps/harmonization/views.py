import logging

from django.http import JsonResponse

logger = logging.getLogger("apps.harmonization.codes")


def code(request, number):
    logger.debug("Parcel %d has code %06d", number, number * 7 % 1_000_000)
    return JsonResponse({"code": number * 7 % 1_000_000})
