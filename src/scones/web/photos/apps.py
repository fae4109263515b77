"""The Django application."""

from django.apps import AppConfig


class PhotosConfig(AppConfig):
    """Photos and what was found in them."""

    name = "scones.web.photos"
    label = "photos"
    verbose_name = "Photos"
    default_auto_field = "django.db.models.BigAutoField"
