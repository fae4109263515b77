"""Photos in Django's admin: to look at and delete; what was found is not edited."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from scones.web.photos.models import Photo

admin.site.site_header = "scones"
admin.site.site_title = "scones"


if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Photo]
else:
    _Admin = admin.ModelAdmin  # takes no type when it runs


@admin.register(Photo)
class PhotoAdmin(_Admin):
    """The photos, newest first."""

    list_display = ("name", "tool", "status", "summary", "owner", "created")
    list_filter = ("tool", "status", "created")
    search_fields = ("id", "name", "label")
    date_hierarchy = "created"
    exclude = ("thumbnail",)
    list_select_related = ("owner",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Photos come by upload."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Photo | None = None) -> bool:
        """What was found stays as it was found."""
        return False
