import logging

from django.http import JsonResponse

logger = logging.getLogger("apps.notification.email")


def notify(request, number):
    logger.info("Mail about parcel %d:\nDear receiver,\nit is on its way", number)
    return JsonResponse({"notified": number})
