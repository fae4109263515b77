"""A real, headless Chromium, spoken to over the two pipes of its own protocol.

Source: chromedevtools.github.io/devtools-protocol; `--remote-debugging-pipe` reads documents from
descriptor 3 and writes them to descriptor 4, each ended by a zero byte.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
DEADLINE_SECONDS = 120


def find() -> str | None:
    """The browser, if this machine has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """A browser with one page."""

    def __init__(self, program: str, profile: Path) -> None:
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        options = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run"
        command = f'exec "$0" {options} --hide-scrollbars --remote-debugging-pipe "$@"'
        self.process = subprocess.Popen(
            [
                *("bash", "-c", f"{command} 3<&{to_read} 4>&{to_write}", program),
                f"--user-data-dir={profile}",
            ],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._number, self._rest, self._session = 0, b"", None
        self.requested: list[str] = []
        self._events: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        document = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            document["sessionId"] = self._session
        os.write(self._to, json.dumps(document).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, page: Path, *, width: int, height: int, dark: bool = False) -> None:
        """Show a page, as wide as a phone or a desk, and wait until it is loaded."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.go(page.absolute().as_uri())

    def go(self, url: str) -> None:
        """Go to a page, and wait until it is loaded, and not an earlier one."""
        self._events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def wait_for(self, event: str) -> None:
        """Return once an event has come."""
        while event not in self._events:
            self._next()
        self._events.remove(event)

    def evaluate(self, expression: str) -> Any:
        """What JavaScript says of the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def screenshot(self, *, whole: bool = True) -> bytes:
        """A PNG of the page."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(taken["data"])

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self.call("Browser.close")
        self.process.wait(DEADLINE_SECONDS)
        os.close(self._to)
        os.close(self._from)

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], deadline - time.monotonic())
            assert ready, "the browser does not answer"
            chunk = os.read(self._from, 1 << 20)
            assert chunk, "the browser has ended"
            self._rest += chunk
        line, self._rest = self._rest.split(b"\0", 1)
        document: dict[str, Any] = json.loads(line)
        if "method" in document:
            self._events.append(document["method"])
        if document.get("method") == "Network.requestWillBeSent":
            self.requested.append(document["params"]["request"]["url"])
        return document
