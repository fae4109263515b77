"""CreateModelCard, DescribeModelCard, UpdateModelCard, DeleteModelCard and two List operations."""

from collections.abc import Mapping
from dataclasses import replace

from scones_localstack.sagemaker.arns import MODEL_CARD, arn, parse
from scones_localstack.sagemaker.cards.fields import FIELDS
from scones_localstack.sagemaker.cards.schema import faults_in
from scones_localstack.sagemaker.errors import (
    ConflictException,
    ResourceNotFound,
    ValidationException,
)
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.listing import ASCENDING, DESCENDING, page, part
from scones_localstack.sagemaker.names import new_name
from scones_localstack.sagemaker.requests import tags_of
from scones_localstack.sagemaker.store import Resource, Store, now

ARCHIVED = "Archived"
CONTENT, STATUS = "Content", "ModelCardStatus"
MOST_FAULTS = 5  # that one message names


class ModelCards:
    """The model cards of this service, each with all of its versions.

    A new content is a new version; a new status is one of the version that there is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {
            "CreateModelCard": self.create,
            "DescribeModelCard": self.describe,
            "UpdateModelCard": self.update,
            "ListModelCards": self.list,
            "ListModelCardVersions": self.versions,
            "DeleteModelCard": self.delete,
        }

    async def create(self, call: Call) -> Document:
        """Keep a card whose content is as the schema has it."""
        asked, region = call.parameters, call.region
        name = asked["ModelCardName"]
        card_arn = arn(MODEL_CARD, region, name)
        taken = ConflictException(f"Model card {card_arn} already exists.")
        with new_name(self._store, MODEL_CARD, region, name, taken):
            check_fields(FIELDS, "CreateModelCard", asked)
            _check(asked[CONTENT])
            document = {member: value for member, value in asked.items() if member != "Tags"}
            document |= {"ModelCardArn": card_arn, "ModelCardVersion": 1}
            card = Resource(
                *(MODEL_CARD, region, name, document, asked[STATUS]),
                plan={"versions": [_version(asked[CONTENT], asked[STATUS])]},
                tags=tags_of(asked),
            )
            self._store.add(card)
        return {"ModelCardArn": card_arn}

    async def describe(self, call: Call) -> Document:
        """Return a card as it is, or one of its versions."""
        card = self._find(call)
        number = call.parameters.get("ModelCardVersion", len(card.plan["versions"]))
        if not 1 <= number <= len(card.plan["versions"]):
            raise ResourceNotFound(f"Model card {card.name} has no version {number}: not found.")
        version = card.plan["versions"][number - 1]
        return card.document | {
            "ModelCardVersion": number,
            CONTENT: version[CONTENT],
            STATUS: version[STATUS],
            "CreationTime": version["created"],
            "LastModifiedTime": version["modified"],
            "CreatedBy": {},
            "LastModifiedBy": {},
        }

    async def update(self, call: Call) -> Document:
        """Give a card a new content, or a new status."""
        card, asked = self._find(call), call.parameters
        if CONTENT in asked and STATUS in asked:
            raise ValidationException("Content and ModelCardStatus cannot be updated in one call.")
        if card.status == ARCHIVED:
            raise ConflictException(f"Model card {card.name} is archived: nothing can be changed.")
        versions = card.plan["versions"]
        if CONTENT in asked:
            _check(asked[CONTENT])
            versions.append(_version(asked[CONTENT], card.status))
        if STATUS in asked:
            card.status = asked[STATUS]
            versions[-1] |= {STATUS: card.status, "modified": now()}
        self._store.save(card)
        return {"ModelCardArn": card.document["ModelCardArn"]}

    async def list(self, call: Call) -> Document:
        """Return summaries of cards."""
        asked = dict(call.parameters)
        if STATUS in asked:
            asked["StatusEquals"] = asked.pop(STATUS)
        by_status = replace(call, parameters=asked)
        return page(self._store, by_status, MODEL_CARD, "ModelCardSummaries", _summary)

    async def versions(self, call: Call) -> Document:
        """Return summaries of a card's versions."""
        card, asked = self._find(call), call.parameters
        rows = [
            _summary(card)
            | {
                "ModelCardVersion": number,
                STATUS: version[STATUS],
                "CreationTime": version["created"],
                "LastModifiedTime": version["modified"],
            }
            for number, version in enumerate(card.plan["versions"], start=1)
            if version[STATUS] == asked.get(STATUS, version[STATUS])
            and version["created"] >= asked.get("CreationTimeAfter", version["created"])
            and version["created"] <= asked.get("CreationTimeBefore", version["created"])
        ]
        if asked.get("SortOrder", DESCENDING) != ASCENDING:
            rows.reverse()
        return part(rows, asked, "ModelCardVersionSummaryList")

    async def delete(self, call: Call) -> Document:
        """Forget a card with all of its versions."""
        self._store.remove(self._find(call))
        return {}

    def _find(self, call: Call) -> Resource:
        """Return the card of a name or an ARN."""
        named = call.parameters["ModelCardName"]
        kind, region, name = (
            parse(named) if named.startswith("arn:") else (MODEL_CARD, call.region, named)
        )
        card = self._store.find(kind, region, name) if kind == MODEL_CARD else None
        if card is None:
            raise ResourceNotFound(f"Model card {named} not found.")
        return card


def _check(content: str) -> None:
    faults = faults_in(content)
    if faults:
        more = len(faults) - MOST_FAULTS
        rest = f"; and {more} more" if more > 0 else ""
        raise ValidationException(
            f"Model card content does not follow the model card JSON schema: "
            f"{'; '.join(faults[:MOST_FAULTS])}{rest}."
        )


def _version(content: str, status: str) -> Document:
    moment = now()
    return {CONTENT: content, STATUS: status, "created": moment, "modified": moment}


def _summary(card: Resource) -> Document:
    return {
        "ModelCardName": card.name,
        "ModelCardArn": card.document["ModelCardArn"],
        STATUS: card.status,
        "CreationTime": card.created,
        "LastModifiedTime": card.modified,
    }
