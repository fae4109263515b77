"""SageMaker's own SDK reads our files and writes back what we read."""

import json
import warnings
from typing import Any

import pytest

from scones.aws import Aws
from scones.monitor.baseline import (
    Baseline,
    Store,
    compare,
    read_baseline,
    read_violations,
    suggest,
    write_baseline,
    write_results,
)
from scones.monitor.baseline.store import CONSTRAINTS, STATISTICS, VIOLATIONS
from tests.scones.monitor.baseline.rows import statistics


@pytest.fixture(scope="module")
def sdk() -> Any:
    """The SDK's classes; importing it takes seconds and warns of its own dependencies."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
        import sagemaker
        from sagemaker import model_monitor

        assert sagemaker.__version__.startswith("2.")
        return model_monitor


@pytest.fixture
def session(aws: Aws, sdk: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session of the SDK's to LocalStack."""
    import boto3
    import sagemaker

    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.client("s3").meta.endpoint_url)
    boto_session = boto3.Session("test", "test", region_name=aws.region)
    return sagemaker.Session(
        boto_session=boto_session,
        sagemaker_client=aws.client("sagemaker"),
        sagemaker_runtime_client=aws.client("sagemaker-runtime"),
        sagemaker_config={"SchemaVersion": "1.0"},
    )


def test_all_three_files_go_through_the_sdk_and_back(
    s3: Any, bucket: str, sdk: Any, session: Any
) -> None:
    place = f"s3://{bucket}/monitoring/e/baseline"
    store = Store(place, s3)
    before, later = statistics(), statistics(500, 1, shift=1.0)
    write_baseline(store, before, suggest(before))
    compared = compare(Baseline(place, before, suggest(before)), later)
    write_results(Store(f"s3://{bucket}/results", s3), compared)

    read = sdk.Statistics.from_s3_uri(f"{place}/{STATISTICS}", sagemaker_session=session)
    assert read.body_dict == before.as_json()
    constraints = sdk.Constraints.from_s3_uri(f"{place}/{CONSTRAINTS}", sagemaker_session=session)
    assert constraints.body_dict == suggest(before).as_json()
    violations = sdk.ConstraintViolations.from_s3_uri(
        f"s3://{bucket}/results/{VIOLATIONS}", sagemaker_session=session
    )
    assert [item["feature_name"] for item in violations.body_dict["violations"]] == ["score"]

    # And back: what the SDK changes and saves is what our reader reads and our check obeys.
    constraints.set_monitoring(enable_monitoring=False, feature_name="score")
    again = f"s3://{bucket}/changed"
    constraints.save(f"{again}/{CONSTRAINTS}")
    read.session = session
    read.save(f"{again}/{STATISTICS}")
    violations.session = session
    violations.save(f"{again}/{VIOLATIONS}")
    found = read_baseline(Store(again, s3))
    assert found is not None
    assert found.statistics.as_json() == before.as_json()
    assert compare(found, later).checked.violations == ()
    body = s3.get_object(Bucket=bucket, Key=f"changed/{VIOLATIONS}")["Body"].read()
    assert read_violations(body, VIOLATIONS) == compared.checked.violations
    assert json.loads(body) == compared.checked.as_json()
