"""LocalStack assumes a role, and builds a boto client, for every call it makes on someone's behalf.

Every task of a state machine, every delivery of an EventBridge rule and every API Gateway request
is such a call, and both steps take longer than most Lambda functions. The credentials are good for
an hour, so they are kept for a quarter of one; LocalStack caches clients by credentials, so with
them the client is kept too.
"""

import threading
import time
from typing import Any

WRITTEN_FOR = {"localstack-core": "4.14.0"}
KEPT_SECONDS = 15 * 60


def apply() -> None:
    """Give LocalStack's internal clients a memory for roles."""
    from localstack.aws.connect import InternalClientFactory

    original = InternalClientFactory.with_assumed_role
    lock = threading.Lock()
    kept: dict[Any, tuple[float, Any]] = {}

    def with_assumed_role(self: Any, **arguments: Any) -> Any:
        key = (id(self), tuple(sorted(arguments.items(), key=lambda item: item[0])))
        now = time.monotonic()
        # Under the lock: twenty parallel tasks would otherwise assume the role twenty times.
        with lock:
            assumed, factory = kept.get(key, (0.0, None))
            if factory is None or now - assumed > KEPT_SECONDS:
                factory = original(self, **arguments)
                kept[key] = (now, factory)
        return factory

    InternalClientFactory.with_assumed_role = with_assumed_role
