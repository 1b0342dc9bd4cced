import logging

from django.http import JsonResponse

logger = logging.getLogger("apps.cron_tasks.nightly")
worker = logging.getLogger("celery.worker.strategy")


def nightly(request):
    worker.info("Task apps.cron_tasks.nightly received")
    logger.info("Nothing to do tonight")
    return JsonResponse({"done": True})
