import logging

from django.core.cache import cache
from django.http import JsonResponse

logger = logging.getLogger(__name__)
TRIES_MAX = 5


def login(request, name):
    tries = cache.get_or_set(f"tries:{name}", 0, timeout=60) + 1
    cache.set(f"tries:{name}", tries, timeout=60)
    if tries > TRIES_MAX:
        logger.warning("%s tried to log in %d times", name, tries)
        return JsonResponse({"error": "too many tries"}, status=429)
    logger.info("%s logged in", name)
    return JsonResponse({"name": name})
