"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

from collections.abc import Mapping

from scones_localstack.sagemaker.arns import ENDPOINT_CONFIG, arn
from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.hosting.fields import FIELDS
from scones_localstack.sagemaker.hosting.planning import check_variants
from scones_localstack.sagemaker.listing import page
from scones_localstack.sagemaker.names import new_name
from scones_localstack.sagemaker.requests import s3_uri, tags_of
from scones_localstack.sagemaker.store import Resource, Store


class EndpointConfigs:
    """The endpoint configurations of this service: records only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {
            "CreateEndpointConfig": self.create,
            "DescribeEndpointConfig": self.describe,
            "ListEndpointConfigs": self.list,
            "DeleteEndpointConfig": self.delete,
        }

    async def create(self, call: Call) -> Document:
        """Keep a configuration whose model exists."""
        asked, region = call.parameters, call.region
        name = asked["EndpointConfigName"]
        config_arn = arn(ENDPOINT_CONFIG, region, name)
        taken = ValidationException(
            f'Cannot create already existing endpoint configuration "{config_arn}".'
        )
        with new_name(self._store, ENDPOINT_CONFIG, region, name, taken):
            check_fields(FIELDS, "CreateEndpointConfig", asked)
            check_variants(self._store, asked["ProductionVariants"], region)
            _check_destinations(asked)
            document = {name: value for name, value in asked.items() if name != "Tags"}
            document["EndpointConfigArn"] = config_arn
            document.setdefault("EnableNetworkIsolation", False)
            self._store.add(Resource(ENDPOINT_CONFIG, region, name, document, tags=tags_of(asked)))
        return {"EndpointConfigArn": config_arn}

    async def describe(self, call: Call) -> Document:
        """Return a configuration's record."""
        config = self._find(call)
        return config.document | {"CreationTime": config.created}

    async def list(self, call: Call) -> Document:
        """Return summaries of configurations."""
        return page(self._store, call, ENDPOINT_CONFIG, "EndpointConfigs", _summary)

    async def delete(self, call: Call) -> Document:
        """Forget a configuration; endpoints made from it are not touched."""
        self._store.remove(self._find(call))
        return {}

    def _find(self, call: Call) -> Resource:
        return find_config(self._store, call.region, call.parameters["EndpointConfigName"])


def find_config(store: Store, region: str, name: str) -> Resource:
    """Return a configuration's record.

    Raises:
        ValidationException: there is none, in AWS's words.
    """
    config = store.find(ENDPOINT_CONFIG, region, name)
    if config is None:
        raise ValidationException(
            f'Could not find endpoint configuration "{arn(ENDPOINT_CONFIG, region, name)}".'
        )
    return config


def _check_destinations(asked: Document) -> None:
    if "DataCaptureConfig" in asked:
        destination = asked["DataCaptureConfig"]["DestinationS3Uri"]
        s3_uri(destination, "DataCaptureConfig.DestinationS3Uri")
    if "AsyncInferenceConfig" in asked:
        output = asked["AsyncInferenceConfig"]["OutputConfig"]
        for member in ("S3OutputPath", "S3FailurePath"):
            if member in output:
                s3_uri(output[member], f"AsyncInferenceConfig.OutputConfig.{member}")


def _summary(config: Resource) -> Document:
    return {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": config.document["EndpointConfigArn"],
        "CreationTime": config.created,
    }
