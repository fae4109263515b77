"""A new resource's name, which no other may have."""

from collections.abc import Iterator
from contextlib import contextmanager

from scones_localstack.sagemaker.errors import ServiceError
from scones_localstack.sagemaker.store import NameTakenError, Store


@contextmanager
def new_name(
    store: Store, kind: str, region: str, name: str, taken: ServiceError
) -> Iterator[None]:
    """Check a request and add its resource in the block; `taken` is raised where the name is.

    That is asked before the checks, and again as the resource is added: another request may have
    been quicker.
    """
    if store.find(kind, region, name):
        raise taken
    try:
        yield
    except NameTakenError as error:
        raise taken from error
