"""AWS's built-in algorithms lie in a registry of each region; SageMaker pulls from its own only.

Source: docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths (image-classification, object-detection),
as the SageMaker SDK 2.257 has them; a test compares the two.
"""

import re

from scones.errors import ConfigError

_ACCOUNTS = {
    "af-south-1": "455444449433",
    "ap-east-1": "286214385809",
    "ap-northeast-1": "501404015308",
    "ap-northeast-2": "306986355934",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "991648021394",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "475088953585",
    "ap-southeast-2": "544295431143",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "469771592824",
    "ca-west-1": "190319476487",
    "cn-north-1": "390948362332",
    "cn-northwest-1": "387376663083",
    "eu-central-1": "813361260812",
    "eu-central-2": "680994064768",
    "eu-north-1": "669576153137",
    "eu-south-1": "257386234256",
    "eu-south-2": "104374241257",
    "eu-west-1": "685385470294",
    "eu-west-2": "644912444149",
    "eu-west-3": "749696950732",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "249704162688",
    "sa-east-1": "855470959533",
    "us-east-1": "811284229777",
    "us-east-2": "825641698319",
    "us-gov-east-1": "237065988967",
    "us-gov-west-1": "226302683700",
    "us-west-1": "632365934929",
    "us-west-2": "433757028032",
}
_REGISTRY = re.compile(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/")


def builtin_uri(name: str, region: str) -> str:
    """Return the URI of a built-in algorithm.

    Args:
        name: Such as image-classification.
        region: Such as eu-west-1.

    Raises:
        ConfigError: The region has no registry that scones knows.
    """
    account = _ACCOUNTS.get(region)
    if account is None:
        raise ConfigError(
            f"scones knows no registry of AWS's {name} in {region}: set the image in scones.toml, "
            "to its URI or to an image of your own"
        )
    suffix = ".cn" if region.startswith("cn-") else ""
    return f"{account}.dkr.ecr.{region}.amazonaws.com{suffix}/{name}:1"


def region_of(image: str) -> str | None:
    """Return the region of an image in ECR; None for one elsewhere."""
    found = _REGISTRY.match(image)
    return found[1] if found else None
