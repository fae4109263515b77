"""Two systems to apply: the least, and everything."""

from typing import Any

HOURS = {"off": "cron(0 20 * * ? *)", "on": "cron(0 7 * * ? *)", "time_zone": "Europe/Berlin"}
LEAST: dict[str, Any] = {
    "project": "scones-test",
    "owner": "tests",
    "expiry": "2030-01-31",
    "email": "dispatcher@scones-unlimited.example",
}

# What CloudFormation always makes: the web part, without the site and the detector's endpoint.
WEB: dict[str, Any] = LEAST | {"web": {}}

_PACKAGE = {"path": "packages/serialize_image.zip"}
_MODEL = {
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/scones/image-classification:1",
    "model_data_url": "s3://scones-test/models/1/model.tar.gz",
    "instance_type": "ml.m5.large",
    "max_instance_count": 3,
}
EVERYTHING: dict[str, Any] = LEAST | {
    "monthly_budget_usd": 50,
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "sagemaker_vpc": {"subnets": ["subnet-1"], "security_group_ids": ["sg-1"]},
    "classifier": {"variants": {"current": _MODEL | {"weight": 9}, "candidate": _MODEL}},
    "web": {
        "packages": {
            "detection": {"s3_bucket": "scones-test-packages", "s3_key": "detection-1.zip"},
            "pillow": _PACKAGE,
        },
        "detector": _MODEL,
        "origins": ["https://photos.example.org"],
        "site": {
            "bundle": "packages/serialize_image.zip",
            "max_instances": 2,
            "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
            "vpc": {"id": "vpc-1", "subnets": ["subnet-1", "subnet-2"]},
            "environment": {"SCONES_WEB_HOSTS": "photos.example.org"},
            "secrets": {
                "SECRET_KEY": "arn:aws:ssm:us-east-1:123456789012:parameter/k",
                "SCONES_API_KEY": "arn:aws:ssm:us-east-1:123456789012:parameter/a",
            },
        },
    },
}
