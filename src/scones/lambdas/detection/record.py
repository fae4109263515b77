"""One JSON line in the log for each invocation: about what, how it ended, how long it took."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def recorded(function: str, context: Any) -> Iterator[dict[str, Any]]:
    """Print the line when the block ends; the block adds to the dictionary that it is given."""
    started = time.perf_counter()
    line: dict[str, Any] = {"function": function, "request_id": context.aws_request_id}
    try:
        yield line
    except Exception as error:
        line["error"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        line["milliseconds"] = round(1000 * (time.perf_counter() - started), 1)
        print(json.dumps(line))
