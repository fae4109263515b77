"""AddTags, ListTags, DeleteTags."""

from collections.abc import Mapping

from scones_localstack.sagemaker.arns import parse
from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.requests import tags_of
from scones_localstack.sagemaker.store import Resource, Store

MAX_TAGS = 50


class Tags:
    """The tags of every kind of resource."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {"AddTags": self.add, "ListTags": self.list, "DeleteTags": self.delete}

    async def add(self, call: Call) -> Document:
        """Add tags, or change their values."""
        resource = self._find(call)
        tags = resource.tags | tags_of(call.parameters)
        if len(tags) > MAX_TAGS:
            raise ValidationException(f"{len(tags)} tags are more than {MAX_TAGS}.")
        return self._keep(resource, tags)

    async def list(self, call: Call) -> Document:
        """Return all tags: there are never more than one page."""
        return _document(self._find(call).tags)

    async def delete(self, call: Call) -> Document:
        """Remove tags by key; keys that are not there are passed over."""
        resource = self._find(call)
        gone = call.parameters["TagKeys"]
        self._keep(resource, {key: tag for key, tag in resource.tags.items() if key not in gone})
        return {}

    def _keep(self, resource: Resource, tags: dict[str, str]) -> Document:
        resource.tags = tags
        self._store.save(resource)
        return _document(tags)

    def _find(self, call: Call) -> Resource:
        text = call.parameters["ResourceArn"]
        kind, region, name = parse(text)
        resource = self._store.find(kind, region, name)
        if resource is None:
            raise ValidationException(f"Could not find {kind} {text}.")
        return resource


def _document(tags: dict[str, str]) -> Document:
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
