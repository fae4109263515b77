"""A refusal, in the form in which it was asked for: JSON for scripts, a page for people."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def refusal(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """Return an error's answer.

    Args:
        request: What is answered.
        status: The HTTP status.
        message: What a person reads.
    """
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"message": message}, status=status)
    return render(request, "site/error.html", {"message": message, "status": status}, status=status)
