"""UpdateEndpoint: new servers before the old ones go, and back again where they do not come."""

import contextlib
import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS, variant
from tests.emulator.sagemaker.test_capture import config as capturing
from tests.emulator.sagemaker.test_capture import lines_of
from tests.emulator.sagemaker.test_hosting import error_of
from tests.emulator.sagemaker.test_restarts import children_of


def policy(kind="ALL_AT_ONCE", wait=0, termination=0, **more):
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **more}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": termination,
        }
    }


def servers_of(bench, name):
    """The pids of the processes that serve an endpoint, as the service's store has them."""
    folder = str(bench.service.folder / "endpoints" / "us-east-1" / name)
    found = []
    for pid in children_of(bench.service):
        with contextlib.suppress(psutil.NoSuchProcess):  # another endpoint's, ending now
            root = psutil.Process(pid).environ().get("SAGEMAKER_BASE_DIR", "")
            found += [pid] if root.startswith(f"{folder}/") else []
    return found


class Caller(threading.Thread):
    """Invokes an endpoint again and again, and keeps what it was told and what went wrong."""

    def __init__(self, bench, name):
        super().__init__(daemon=True)
        self.bench, self.name_of_endpoint = bench, name
        self.told: list[str] = []
        self.errors: list[Exception] = []
        self.enough = threading.Event()

    def run(self):
        while not self.enough.is_set():
            try:
                self.told.append(self.bench.invoke(self.name_of_endpoint)["told"])
            except ClientError as error:
                self.errors.append(error)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.join(SECONDS)


def test_an_update_replaces_the_model_and_no_invocation_fails(bench):
    name = bench.deploy(bench.model(TOLD="old"))
    config = bench.config(bench.model(TOLD="new", SLOW_START="2"))
    before = bench.endpoint(name)
    with Caller(bench, name) as caller:
        wait_until(lambda: caller.told, SECONDS, "an answer")
        bench.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        during = bench.endpoint(name)
        after = bench.settles(name)
        wait_until(lambda: caller.told[-1] == "new", SECONDS, "an answer of the new model")

    assert not caller.errors
    assert caller.told == sorted(caller.told, reverse=True)
    assert during["EndpointStatus"] == "Updating"
    assert during["EndpointConfigName"] == before["EndpointConfigName"]
    pending = during["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == config
    assert pending["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "Creating"
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == config
    assert "FailureReason" not in after
    assert "PendingDeploymentSummary" not in after
    assert len(servers_of(bench, name)) == 1


def test_an_update_that_fails_is_rolled_back(bench):
    name = bench.deploy(bench.model(TOLD="old"))
    server = bench.invoke(name)["pid"]
    before = bench.endpoint(name)["EndpointConfigName"]
    with Caller(bench, name) as caller:
        after = bench.update(name, bench.config(bench.model(EXIT_AT_START="5")))

    assert not caller.errors
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == before
    assert after["FailureReason"].startswith(
        "The primary container for production variant AllTraffic did not pass the ping health "
    )
    assert servers_of(bench, name) == [server]
    assert bench.invoke(name)["pid"] == server

    again = bench.update(name, bench.config(bench.model(TOLD="new")))
    assert "FailureReason" not in again
    assert bench.invoke(name)["told"] == "new"


def test_an_endpoint_that_is_being_updated_cannot_be_changed(bench):
    name = bench.deploy(bench.model())
    config = bench.config(bench.model(SLOW_START="5"))
    bench.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    client = bench.sagemaker
    weight = [{"VariantName": "AllTraffic", "DesiredWeight": 2.0}]
    for attempt in (
        lambda: client.update_endpoint(EndpointName=name, EndpointConfigName=config),
        lambda: client.delete_endpoint(EndpointName=name),
        lambda: client.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=weight
        ),
    ):
        with pytest.raises(ClientError) as caught:
            attempt()
        arn = f"arn:aws:sagemaker:us-east-1:000000000000:endpoint/{name}"
        message = f'Cannot update in-progress endpoint "{arn}".'
        assert error_of(caught) == ("ValidationException", message)


def test_what_cannot_be_updated_is_told(bench):
    failed = bench.deploy(bench.model(EXIT_AT_START="5"))
    base = "arn:aws:sagemaker:us-east-1:000000000000"
    config = bench.config(bench.model())
    name = bench.serve(config)
    for asked, message in [
        ({"EndpointName": "no", "EndpointConfigName": config}, "Could not find endpoint"),
        (
            {"EndpointName": name, "EndpointConfigName": "no"},
            f'Could not find endpoint configuration "{base}:endpoint-config/no".',
        ),
        ({"EndpointName": failed, "EndpointConfigName": config}, "Cannot update endpoint"),
        (
            {
                "EndpointName": name,
                "EndpointConfigName": config,
                "DeploymentConfig": policy("CANARY"),
            },
            "DeploymentConfig: CanarySize is missing.",
        ),
    ]:
        with pytest.raises(ClientError) as caught:
            bench.sagemaker.update_endpoint(**asked)
        code, said = error_of(caught)
        assert code == "ValidationException"
        assert said.startswith(message)
    assert bench.endpoint(name)["EndpointStatus"] == "InService"


def test_an_answer_under_way_is_not_lost_in_an_update(bench):
    name = bench.deploy(bench.model(TOLD="old"))
    config = bench.config(bench.model(TOLD="new", SLOW_START="1"))  # so the request comes first
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(bench.invoke, name, b"slow1.5")
        after = bench.update(name, config)
        assert slow.result()["told"] == "old"
    assert after["EndpointStatus"] == "InService"
    assert bench.invoke(name)["told"] == "new"


@pytest.mark.parametrize(
    ("asked", "weight", "count"),
    [
        ({}, 1.0, 1),
        ({"RetainAllVariantProperties": True}, 3.0, 2),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            },
            1.0,
            2,
        ),
    ],
)
def test_properties_of_variants_are_retained_when_asked(bench, asked, weight, count):
    model = bench.model()
    name = bench.serve(bench.variants(variant("A", model), variant("B", model)))
    change = {"VariantName": "A", "DesiredWeight": 3.0, "DesiredInstanceCount": 2}
    bench.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[change]
    )
    bench.settles(name)

    after = bench.update(name, bench.variants(variant("A", model), variant("C", model)), **asked)

    first, second = after["ProductionVariants"]
    assert (first["VariantName"], second["VariantName"]) == ("A", "C")
    assert (first["CurrentWeight"], first["CurrentInstanceCount"]) == (weight, count)
    assert (second["CurrentWeight"], second["CurrentInstanceCount"]) == (1.0, 1)


def test_a_canary_gets_its_share_before_the_rest(bench):
    name = bench.deploy(bench.model(TOLD="old"))
    size = {"Type": "CAPACITY_PERCENT", "Value": 30}
    canary = policy("CANARY", wait=15, CanarySize=size)
    config = bench.config(bench.model(TOLD="new"))
    bench.sagemaker.update_endpoint(
        EndpointName=name, EndpointConfigName=config, DeploymentConfig=canary
    )
    wait_until(lambda: bench.invoke(name)["told"] == "new", SECONDS, "the canary's first answer")

    told = [bench.invoke(name)["told"] for _ in range(100)]

    during = bench.endpoint(name)
    # Six standard deviations of a binomial distribution.
    assert 3 <= told.count("new") <= 57
    status = during["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]
    assert status["Status"] == "Baking"
    assert bench.settles(name)["LastDeploymentConfig"] == canary
    assert {bench.invoke(name)["told"] for _ in range(10)} == {"new"}


def test_an_alarm_rolls_an_update_back(bench):
    name = bench.deploy(bench.model(TOLD="old"))
    alarm = f"alarm-{name}"
    cloudwatch = bench.emulator.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        MetricName="none",
        Namespace="none",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    config = bench.config(bench.model(TOLD="new"))
    bench.sagemaker.update_endpoint(
        EndpointName=name,
        EndpointConfigName=config,
        DeploymentConfig=policy(wait=60)
        | {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}},
    )
    wait_until(lambda: bench.invoke(name)["told"] == "new", SECONDS, "the new model's answer")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")

    after = bench.settles(name)

    assert after["EndpointStatus"] == "InService"
    assert after["FailureReason"] == f"The CloudWatch alarm {alarm} is in state ALARM."
    assert bench.invoke(name)["told"] == "old"
    cloudwatch.delete_alarms(AlarmNames=[alarm])


def test_a_deployment_configuration_is_retained_when_asked(bench):
    model = bench.model()
    first = policy(termination=1)
    name = bench.serve(bench.config(model), DeploymentConfig=first)
    began = time.monotonic()

    after = bench.update(name, bench.config(model), RetainDeploymentConfig=True)

    assert time.monotonic() - began >= 1
    assert after["LastDeploymentConfig"] == first
    assert "LastDeploymentConfig" not in bench.update(name, bench.config(model))


def test_an_update_may_change_what_is_captured(bench):
    model = bench.model()
    name = bench.deploy(model, DataCaptureConfig=capturing(bench))
    other = capturing(bench, DestinationS3Uri=f"s3://{bench.bucket}/other")
    seen = []
    for more in ({}, {"DataCaptureConfig": other}, {"DataCaptureConfig": capturing(bench)}):
        with Caller(bench, name) as caller:
            wait_until(lambda caller=caller: len(caller.told) > 5, SECONDS, "some answers")
            endpoint = bench.update(name, bench.config(model, **more))
        assert not caller.errors
        summary = endpoint.get("DataCaptureConfig", {})
        seen.append((len(caller.told), summary.get("DestinationS3Uri")))

    bench.delete(name)
    assert [place for _, place in seen] == [
        None,
        f"s3://{bench.bucket}/other",
        f"s3://{bench.bucket}/data_capture",
    ]
    kept = lines_of(bench, name, 1)
    elsewhere = [
        line
        for key in bench.keys(f"other/{name}/AllTraffic/")
        for line in bench.get(f"s3://{bench.bucket}/{key}").splitlines()
    ]
    assert kept
    assert elsewhere
    assert len(kept) + len(elsewhere) <= sum(count for count, _ in seen)


def test_an_update_that_goes_on_capturing_loses_none(bench):
    name = bench.deploy(bench.model(), DataCaptureConfig=capturing(bench))
    config = bench.config(bench.model(), DataCaptureConfig=capturing(bench))
    with Caller(bench, name) as caller:
        bench.update(name, config)
        bench.update(name, bench.config(bench.model(EXIT_AT_START="5")))
    bench.delete(name)

    assert not caller.errors
    lines = lines_of(bench, name, len(caller.told))
    assert len(lines) == len(caller.told)
    assert len({json.loads(line)["eventMetadata"]["eventId"] for line in lines}) == len(lines)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize(("environment", "told"), [({}, "new"), ({"EXIT_AT_START": "5"}, "old")])
def test_an_update_goes_on_where_a_service_that_ended_left_it(own, how, environment, told):
    name = own.deploy(own.model(TOLD="old"))
    before = own.endpoint(name)["EndpointConfigName"]
    config = own.config(own.model(TOLD="new", SLOW_START="1", **environment))
    own.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)

    own.service.signal(how)
    own.service.start()

    during = own.endpoint(name)
    assert during["EndpointStatus"] in ("Updating", "RollingBack", "OutOfService", "InService")
    after = own.reaches(name, "InService")
    assert after["EndpointConfigName"] == (config if told == "new" else before)
    assert ("FailureReason" in after) == (told == "old")
    assert own.invoke(name)["told"] == told
    wait_until(lambda: len(servers_of(own, name)) == 1, SECONDS, "one server")
    folder = own.service.folder / "endpoints" / "us-east-1" / name
    assert len(list(folder.iterdir())) == 1
    own.delete(name)
    assert not folder.exists()
