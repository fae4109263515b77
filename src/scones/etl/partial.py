"""A file that arrives in pieces, and what is known of the whole that it is a part of."""

import json
from pathlib import Path
from typing import IO


class PartialFile:
    """A `.part` file beside its final name, with a `.part.json` that says what it belongs to.

    Args:
        final: The name that the finished file gets.
        url: Where the pieces come from; pieces from elsewhere are dropped.
    """

    def __init__(self, final: Path, url: str) -> None:
        self.final = final
        self.path = final.with_name(final.name + ".part")
        self._note = final.with_name(final.name + ".part.json")
        self._url = url
        self._validator: str | None = None
        self._recall()

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str | None:
        """What the server called this version of the file: an entity tag or a date."""
        return self._validator

    def open(self, *, resumed: bool, validator: str | None) -> IO[bytes]:
        """Open for more bytes, or from scratch, and remember the version they are of."""
        self._validator = validator
        self._note.write_text(json.dumps({"url": self._url, "validator": validator}))
        return self.path.open("ab" if resumed else "wb")

    def drop(self) -> None:
        """Forget all that was received."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self._validator = None

    def finish(self) -> None:
        """Give the complete file its final name."""
        self.path.replace(self.final)
        self._note.unlink(missing_ok=True)

    def _recall(self) -> None:
        """Take up an earlier run's pieces if they are of the same URL."""
        try:
            noted = json.loads(self._note.read_text())
            url, self._validator = noted["url"], noted["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            url = None
        if url != self._url:
            self.drop()
