import logging

from django.core.cache import cache
from django.http import JsonResponse

from apps.parcels.models import Parcel

logger = logging.getLogger(__name__)


def dashboard(request):
    parcels = cache.get("parcels")
    if parcels is None:
        parcels = Parcel.objects.count()
        cache.set("parcels", parcels, timeout=5)
        logger.debug("counted %d parcels", parcels)
    logger.info("Dashboard shown with %d parcels", parcels)
    return JsonResponse({"parcels": parcels})
