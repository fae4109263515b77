"""List operations: AWS's filters, order and pages, the same for every kind of resource."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.front.control import Call, Document
from scones_localstack.sagemaker.store import Listing, Resource, Store

DEFAULT_RESULTS = 10
ASCENDING = "Ascending"
DESCENDING = "Descending"

_ORDER = {"Name": "name", "CreationTime": "created", "Status": "status"}


def page(
    store: Store,
    call: Call,
    kind: str,
    member: str,
    summary: Callable[[Resource], Document],
    default_order: str = DESCENDING,
    members: Sequence[tuple[str, str, str | float]] = (),
) -> Document:
    """Return one page of a List operation.

    Args:
        store: where the resources are.
        call: the request, with AWS's NameContains, StatusEquals, SortBy, NextToken and so on.
        kind: of which resources.
        member: under which name the answer holds the summaries.
        summary: makes a summary of a resource.
        default_order: the API's own SortOrder.
        members: what else the documents must hold; see Listing.
    """
    asked = call.parameters
    listing = replace(_listing(asked, default_order), members=tuple(members))
    size = listing.limit - 1
    found = store.select(kind, call.region, listing)
    answer: Document = {member: [summary(resource) for resource in found[:size]]}
    if len(found) > size:
        answer["NextToken"] = _token(listing.offset + size)
    return answer


def part(rows: Sequence[Document], asked: Document, member: str) -> Document:
    """Return one page of what no resource is by itself, such as versions.

    Args:
        rows: all of it, in the order asked for.
        asked: the request, with AWS's MaxResults and NextToken.
        member: under which name the answer holds the rows.
    """
    start, size = _offset(asked.get("NextToken", "")), asked.get("MaxResults", DEFAULT_RESULTS)
    answer: Document = {member: list(rows[start : start + size])}
    if len(rows) > start + size:
        answer["NextToken"] = _token(start + size)
    return answer


def _listing(asked: dict[str, Any], default_order: str) -> Listing:
    return Listing(
        name_contains=asked.get("NameContains", ""),
        status=asked.get("StatusEquals", ""),
        created_after=asked.get("CreationTimeAfter", Listing.created_after),
        created_before=asked.get("CreationTimeBefore", Listing.created_before),
        modified_after=asked.get("LastModifiedTimeAfter", Listing.modified_after),
        modified_before=asked.get("LastModifiedTimeBefore", Listing.modified_before),
        order_by=_ORDER.get(by := asked.get("SortBy", "CreationTime"), by),
        descending=asked.get("SortOrder", default_order) == DESCENDING,
        offset=_offset(asked.get("NextToken", "")),
        # One more than a page, to know whether there is a next one.
        limit=asked.get("MaxResults", DEFAULT_RESULTS) + 1,
    )


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def _offset(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError) as error:
        raise ValidationException(f"NextToken '{token}' is not valid.") from error
