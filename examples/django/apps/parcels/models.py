from django.db import models


class Parcel(models.Model):
    receiver = models.CharField(max_length=100)
    created = models.DateTimeField(auto_now_add=True)
