import logging

from django.http import JsonResponse

logger = logging.getLogger("apps.data_governance.policies")


def retention(request):
    logger.critical("No policy says how long parcels are kept")
    return JsonResponse({"policy": None})
