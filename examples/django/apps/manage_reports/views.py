import logging

from django.http import JsonResponse

logger = logging.getLogger("apps.manage_reports.pdf")


def report(request, number):
    logger.error("Report %d has no pages", number)
    return JsonResponse({"error": "no pages"}, status=500)
