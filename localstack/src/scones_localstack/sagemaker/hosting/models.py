"""CreateModel, DescribeModel, ListModels, DeleteModel."""

import asyncio
from collections.abc import Mapping

from scones_localstack.sagemaker.arns import MODEL, arn
from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.backends import Backend
from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.hosting.fields import FIELDS
from scones_localstack.sagemaker.images import UnknownImageError
from scones_localstack.sagemaker.listing import page
from scones_localstack.sagemaker.names import new_name
from scones_localstack.sagemaker.objects import ObjectMissingError, Objects, StorageError
from scones_localstack.sagemaker.requests import refuse, s3_uri, tags_of
from scones_localstack.sagemaker.store import Resource, Store


class Models:
    """The models of this service: records only, nothing runs."""

    def __init__(self, store: Store, aws: Aws, backend: Backend) -> None:
        self._store = store
        self._aws = aws
        self._backend = backend

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {
            "CreateModel": self.create,
            "DescribeModel": self.describe,
            "ListModels": self.list,
            "DeleteModel": self.delete,
        }

    async def create(self, call: Call) -> Document:
        """Keep a model's record, once its image and its data are known to be there."""
        asked, region = call.parameters, call.region
        name = asked["ModelName"]
        model_arn = arn(MODEL, region, name)
        taken = ValidationException(f'Cannot create already existing model "{model_arn}".')
        with new_name(self._store, MODEL, region, name, taken):
            check_fields(FIELDS, "CreateModel", asked)
            await self._check(asked.get("PrimaryContainer", {}), region)
            document = {name: value for name, value in asked.items() if name != "Tags"}
            document["ModelArn"] = model_arn
            document.setdefault("EnableNetworkIsolation", False)
            self._store.add(Resource(MODEL, region, name, document, tags=tags_of(asked)))
        return {"ModelArn": model_arn}

    async def describe(self, call: Call) -> Document:
        """Return a model's record."""
        model = self._find(call)
        return model.document | {"CreationTime": model.created}

    async def list(self, call: Call) -> Document:
        """Return summaries of models."""
        return page(self._store, call, MODEL, "Models", _summary)

    async def delete(self, call: Call) -> Document:
        """Forget a model; its data in S3 and endpoints that run it are not touched."""
        self._store.remove(self._find(call))
        return {}

    def _find(self, call: Call) -> Resource:
        return find_model(self._store, call.region, call.parameters["ModelName"])

    async def _check(self, container: Document, region: str) -> None:
        if container.get("Mode", "SingleModel") != "SingleModel":
            refuse(container, ("Mode",), "PrimaryContainer")
        if not container.get("Image"):
            raise ValidationException("PrimaryContainer.Image is missing.")
        try:
            await self._backend.check_image(container["Image"])
        except UnknownImageError as error:
            raise ValidationException(str(error)) from error
        url = container.get("ModelDataUrl")
        if url and not await self._is_there(url, region):
            raise ValidationException(f"Could not find model data at {url}.")

    async def _is_there(self, url: str, region: str) -> bool:
        """Return whether an object is in S3; where S3 is away the deployment will tell."""
        uri = s3_uri(url, "PrimaryContainer.ModelDataUrl")
        try:
            return await asyncio.to_thread(Objects(self._aws, region).exists, uri)
        except ObjectMissingError:
            return False
        except StorageError:
            return True


def find_model(store: Store, region: str, name: str) -> Resource:
    """Return a model's record.

    Raises:
        ValidationException: there is none, in AWS's words.
    """
    model = store.find(MODEL, region, name)
    if model is None:
        raise ValidationException(f'Could not find model "{arn(MODEL, region, name)}".')
    return model


def _summary(model: Resource) -> Document:
    return {
        "ModelName": model.name,
        "ModelArn": model.document["ModelArn"],
        "CreationTime": model.created,
    }
