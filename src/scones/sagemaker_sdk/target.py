"""What a script that uses the SDK takes from the word that names its target."""

from functools import cached_property

from botocore.exceptions import ClientError

from scones.deploy import StackOutputs
from scones.errors import DeployError
from scones.project import Project

LOCAL_MODE = "local-mode"
LOCAL_INSTANCE_TYPE = "local"
"""The instance type by which the SDK knows that it is to run containers itself."""


class Target:
    """Where a session works, and the values that differ with it.

    Attributes:
        name: The word: `local-mode`, or a profile's name.
        project: The project whose settings, services and state folder are used.
    """

    def __init__(self, name: str, project: Project) -> None:
        self.name = name
        self.project = project

    @property
    def local_mode(self) -> bool:
        """Whether the SDK runs the containers itself."""
        return self.name == LOCAL_MODE

    @property
    def image_uri(self) -> str:
        """The image of the image-classification algorithm."""
        return self.project.training_image

    @property
    def training_instance_type(self) -> str:
        """What a training job runs on, such as ml.m5.large."""
        if self.local_mode:
            return LOCAL_INSTANCE_TYPE
        return self.project.settings.target.training_instance_type

    @property
    def endpoint_instance_type(self) -> str:
        """What an endpoint runs on."""
        if self.local_mode:
            return LOCAL_INSTANCE_TYPE
        return self.project.settings.target.endpoint_instance_type

    @property
    def captures_data(self) -> bool:
        """Whether endpoints keep what they are asked and answer; local mode cannot."""
        return not self.local_mode

    @property
    def role_arn(self) -> str:
        """The role that jobs and endpoints assume: that of the project's stack.

        Raises:
            DeployError: On AWS, where it must be there, and the stack is not deployed.
        """
        if self._outputs is not None:
            return self._outputs.sagemaker_role_arn
        settings, aws = self.project.settings, self.project.aws
        if settings.target.emulated:  # where nobody checks whether it is there
            return f"arn:aws:iam::{aws.account}:role/{settings.project}-sagemaker"
        raise DeployError(
            f"profile '{self.name}' has no role for SageMaker yet: run `scones --profile "
            f"{self.name} deploy`, or give the ARN of your own as `role`"
        )

    @property
    def bucket(self) -> str | None:
        """The bucket of the project's stack; without one the SDK makes and uses its default."""
        return self._outputs.data_bucket if self._outputs is not None else None

    @cached_property
    def _outputs(self) -> StackOutputs | None:
        try:
            return self.project.outputs
        except DeployError:
            return None
        except ClientError as error:
            if error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}:
                return None  # a person may train without being allowed to look at stacks
            raise
