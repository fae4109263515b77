"""Which address leads where."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import path, register_converter

from scones.web.photos.views import classify, gallery, monitor, photos, uploads


class PhotoId:
    """32 hexadecimal digits."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> str:
        """Return it as it stands."""
        return value

    to_url = to_python


register_converter(PhotoId, "id")

urlpatterns = [
    path("", uploads.home, name="home"),
    path("uploads/", uploads.create, name="uploads"),
    path("photos/", uploads.send, name="send"),
    path("photos/<id:photo_id>/", photos.page, name="photo"),
    path("photos/<id:photo_id>/card", photos.card, name="card"),
    path("photos/<id:photo_id>/original", photos.original, name="original"),
    path("photos/<id:photo_id>/thumbnail", photos.thumbnail, name="thumbnail"),
    path("photos/<id:photo_id>/annotated", photos.download_annotated, name="annotated"),
    path("photos/<id:photo_id>/json", photos.download_json, name="json"),
    path("photos/<id:photo_id>/delete", photos.delete, name="delete"),
    path("classify/", classify.classify, name="classify"),
    path("gallery/", gallery.gallery, name="gallery"),
    path("monitor/", monitor.monitor, name="monitor"),
    path("monitor/report", monitor.report, name="report"),
    path("login/", auth.LoginView.as_view(template_name="site/login.html"), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
