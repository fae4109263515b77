"""A visitor without JavaScript: HTTP, cookies and forms."""

import re
from typing import Any

from playwright.sync_api import APIRequestContext, APIResponse

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Visitor:
    """Loads pages and sends their forms."""

    def __init__(self, request: APIRequestContext, base: str) -> None:
        self.request = request
        self.base = base.rstrip("/")

    def get(self, path: str, **options: Any) -> APIResponse:
        """Load a page, without following where it leads."""
        return self.request.get(f"{self.base}{path}", max_redirects=0, **options)

    def token(self) -> str:
        """The token of a form."""
        found = TOKEN.search(self.get("/").text())
        assert found is not None
        return found[1]

    def send(self, path: str, name: str, data: bytes, **headers: str) -> APIResponse:
        """Send a file by a form."""
        form = {
            "csrfmiddlewaretoken": self.token(),
            "photos": {"name": name, "mimeType": "image/jpeg", "buffer": data},
        }
        return self.request.post(
            f"{self.base}{path}", multipart=form, headers=headers, max_redirects=0
        )

    def ask(self, document: Any) -> APIResponse:
        """Ask for an upload form, as the page's script does."""
        headers = {"X-CSRFToken": self.token(), "Accept": "application/json"}
        return self.request.post(f"{self.base}/uploads/", data=document, headers=headers)
