import logging

from django.http import JsonResponse

logger = logging.getLogger("apps.branded.pages")


def page(request, name):
    logger.info("Page <b>%s</b> &amp; its logo shown", name)
    return JsonResponse({"page": name})
