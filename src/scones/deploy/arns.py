"""Names in ARNs: what a service's own operations ask for, taken from arn:aws:SERVICE:R:A:REST."""

from typing import NamedTuple


class Arn(NamedTuple):
    """An ARN in its parts.

    Attributes:
        whole: All of it.
        service: Such as sqs.
        account: Twelve digits; empty where a service has none in its ARNs.
        rest: What follows, such as log-group:/aws/lambda/mine.
    """

    whole: str
    service: str
    account: str
    rest: str

    @property
    def kind(self) -> str:
        """The first word of the rest, such as log-group; also where there is nothing else."""
        return self.rest.lstrip("/").replace("/", ":").partition(":")[0]

    @property
    def name(self) -> str:
        """What follows the kind: /aws/lambda/mine of log-group:/aws/lambda/mine."""
        rest = self.rest.removesuffix(":*")
        separator = next((each for each in rest if each in ":/"), "")
        return rest.partition(separator)[2] if separator else rest

    @property
    def last(self) -> str:
        """What follows the last stroke: mine of role/a/path/mine."""
        return self.rest.rpartition("/")[2]

    @property
    def second(self) -> str:
        """The word after the kind: mine of environment/mine/its-environment, ID of /apikeys/ID."""
        return self.rest.lstrip("/").split("/")[1]


def read(arn: str) -> Arn:
    """Return an ARN in its parts."""
    _, _, service, _, account, rest = arn.split(":", 5)
    return Arn(arn, service, account, rest)
