"""Two addresses that make Django itself log: one that breaks, and every other one, which is not found."""

from django.urls import path


def broken(request, number):
    raise RuntimeError(f"parcel {number} fell off the belt")


urlpatterns = [path("broken/<int:number>/", broken)]
