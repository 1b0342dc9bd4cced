import logging

from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from .models import Parcel

logger = logging.getLogger(__name__)
images = logging.getLogger("PIL.PngImagePlugin")
bucket = logging.getLogger("botocore.endpoint")
transfer = logging.getLogger("s3transfer.utils")


def parcels(request):
    parcel = Parcel.objects.create(receiver=request.GET.get("receiver", "nobody"))
    logger.info("Parcel %d created for %s", parcel.pk, parcel.receiver)
    return JsonResponse({"number": parcel.pk})


def parcel(request, number):
    found = get_object_or_404(Parcel, pk=number)
    logger.info("Parcel %d was looked at", number)
    return JsonResponse({"number": number, "receiver": found.receiver})


def label(request, number):
    """Where a larger application draws a picture and puts it into a bucket, as those libraries log it."""
    images.debug("STREAM %r %s %s", b"IHDR", 16, 13)
    bucket.debug("Making request for OperationModel(name=PutObject) with params: {'Key': 'labels/%d.png'}", number)
    transfer.debug("Releasing acquire %d/None", number)
    logger.info('Label of parcel %d printed: "fragile"', number)
    return JsonResponse({"label": number})


def crush(request, number):
    """Breaks in two ways: an error with a traceback that is logged, and one that Django logs itself."""
    try:
        {}[number]
    except KeyError:
        logger.exception("Parcel %d fell off the belt", number)
    raise RuntimeError(f"parcel {number} is crushed")
