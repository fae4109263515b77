"""Accounts, where they are switched on: nothing but the log-in page is shown to strangers.

A superuser makes them in /admin/. Each person sees the photos of their own.
"""

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class AccountsMiddleware(LoginRequiredMiddleware):
    """Django's own, where accounts are on."""

    def process_view(  # type: ignore[no-untyped-def]
        self, request: HttpRequest, view_func, view_args, view_kwargs
    ) -> HttpResponseBase | None:
        """Send strangers to the log-in page."""
        if not settings.SITE.accounts:
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)
