"""Several variants and instances: weights, targets, capacities, and what happens when one dies."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from scones_localstack.sagemaker.hosting.rollout import rollout_of
from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS, variant
from tests.emulator.sagemaker.test_capture import config as capturing
from tests.emulator.sagemaker.test_capture import lines_of
from tests.emulator.sagemaker.test_hosting import error_of
from tests.emulator.sagemaker.test_update_endpoint import Caller, servers_of


@pytest.fixture
def models(bench):
    """Two models that say their name."""
    artifact = bench.ended(bench.train())["ModelArtifacts"]["S3ModelArtifacts"]
    return [bench.model(artifact, TOLD=told) for told in ("a", "b")]


@pytest.fixture
def pair(bench, models):
    """An endpoint with two variants, A with three quarters of the traffic."""
    a, b = models
    return bench.serve(
        bench.variants(variant("A", a, InitialVariantWeight=3.0), variant("B", b)),
    )


def rescale(bench, name, *changes):
    bench.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=list(changes)
    )
    return bench.settles(name)


def answered_by(bench, name, times, **more):
    """Invoke so often, and return which variant has answered each time."""
    variants = []
    for _ in range(times):
        answer = bench.runtime.invoke_endpoint(EndpointName=name, Body=b"x", **more)
        answer["Body"].read()
        variants.append(answer["InvokedProductionVariant"])
    return variants


def test_traffic_follows_the_weights(bench, pair):
    endpoint = bench.endpoint(pair)
    counts = Counter(answered_by(bench, pair, 300))

    variants = {each["VariantName"]: each for each in endpoint["ProductionVariants"]}
    assert variants["A"]["CurrentWeight"] == variants["A"]["DesiredWeight"] == 3.0
    assert variants["B"]["CurrentWeight"] == 1.0
    # Six standard deviations of a binomial distribution around 225.
    assert 180 <= counts["A"] <= 270
    assert counts["A"] + counts["B"] == 300


def test_a_client_may_name_the_variant(bench, pair):
    for name in ("A", "B"):
        assert set(answered_by(bench, pair, 10, TargetVariant=name)) == {name}
    assert bench.invoke(pair, TargetVariant="B")["told"] == "b"
    with pytest.raises(ClientError) as caught:
        bench.invoke(pair, TargetVariant="C")
    assert error_of(caught) == ("ValidationError", f"Variant C not found for Endpoint {pair}.")


def test_weights_are_changed_without_a_new_server(bench, pair):
    before = servers_of(bench, pair)

    endpoint = rescale(bench, pair, {"VariantName": "A", "DesiredWeight": 0.0})

    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["ProductionVariants"][0]["CurrentWeight"] == 0.0
    assert {bench.invoke(pair)["told"] for _ in range(20)} == {"b"}
    assert bench.invoke(pair, TargetVariant="A")["told"] == "a"
    assert sorted(servers_of(bench, pair)) == sorted(before)


def test_instances_come_and_go_and_no_invocation_fails(bench, pair):
    with Caller(bench, pair) as caller:
        grown = rescale(bench, pair, {"VariantName": "B", "DesiredInstanceCount": 3})
        served = {bench.invoke(pair, TargetVariant="B")["pid"] for _ in range(60)}
        shrunk = rescale(bench, pair, {"VariantName": "B", "DesiredInstanceCount": 1})

    assert not caller.errors
    assert grown["ProductionVariants"][1]["CurrentInstanceCount"] == 3
    assert grown["ProductionVariants"][1]["DesiredInstanceCount"] == 3
    assert len(served) == 3
    assert shrunk["ProductionVariants"][1]["CurrentInstanceCount"] == 1
    assert len(servers_of(bench, pair)) == 2


def test_an_endpoint_starts_with_as_many_servers_as_asked(bench, models):
    name = bench.serve(bench.variants(variant("A", models[0], InitialInstanceCount=2)))

    assert bench.endpoint(name)["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert len({bench.invoke(name)["pid"] for _ in range(40)}) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"VariantName": "C", "DesiredWeight": 1.0}, 'Could not find variant "C" of "arn:aws:'),
        ({"VariantName": "A", "DesiredInstanceCount": 0}, "DesiredInstanceCount 0 is not supp"),
        (
            {"VariantName": "A", "DesiredInstanceCount": 500},
            "The account-level service limit 'endpoint instances at once' is 40, with current",
        ),
        (
            {"VariantName": "A", "ServerlessUpdateConfig": {"MaxConcurrency": 2}},
            "DesiredWeightsAndCapacities.ServerlessUpdateConfig is not supported by this service",
        ),
    ],
)
def test_a_change_that_cannot_be_made_changes_nothing(bench, pair, change, message):
    with pytest.raises(ClientError) as caught:
        rescale(bench, pair, change)

    assert error_of(caught)[1].startswith(message)
    endpoint = bench.endpoint(pair)
    assert endpoint["EndpointStatus"] == "InService"
    assert [each["DesiredInstanceCount"] for each in endpoint["ProductionVariants"]] == [1, 1]


def test_a_dead_variant_is_passed_over_and_the_endpoint_stays_in_service(bench, models):
    a, b = bench.model(TOLD="a", SLOW_START="2"), models[1]
    name = bench.serve(bench.variants(variant("A", a), variant("B", b)))

    def first_variant_has(count):
        variants = bench.endpoint(name)["ProductionVariants"]
        return variants[0]["CurrentInstanceCount"] == count

    with pytest.raises(ClientError):
        bench.invoke(name, b"crash", TargetVariant="A")
    wait_until(lambda: first_variant_has(0), SECONDS, "notice of the server's death")

    assert bench.endpoint(name)["EndpointStatus"] == "InService"
    answers = {bench.invoke(name)["told"] for _ in range(20)}
    assert answers <= {"a", "b"}
    wait_until(lambda: first_variant_has(1), SECONDS, "the dead server's return")
    assert bench.invoke(name, TargetVariant="A")["told"] == "a"


def test_an_endpoint_is_out_of_service_while_no_server_takes_traffic(bench, models):
    a, b = bench.model(TOLD="a", SLOW_START="2"), models[1]
    unused = variant("B", b, InitialVariantWeight=0.0)
    name = bench.serve(bench.variants(variant("A", a), unused))
    with pytest.raises(ClientError):
        bench.invoke(name, b"crash")

    endpoint = bench.reaches(name, "OutOfService")

    assert "ended with exit code 3" in endpoint["FailureReason"]
    assert bench.invoke(name, TargetVariant="B")["told"] == "b"
    with pytest.raises(ClientError) as caught:
        bench.invoke(name)
    assert error_of(caught)[0] == "ServiceUnavailable"
    assert "FailureReason" not in bench.reaches(name, "InService")


def test_one_variant_that_cannot_start_fails_the_endpoint(bench, models):
    broken = bench.model(EXIT_AT_START="5")
    name = bench.serve(bench.variants(variant("A", models[0]), variant("Broken", broken)))

    endpoint = bench.endpoint(name)

    assert endpoint["EndpointStatus"] == "Failed"
    assert "production variant Broken did not pass the ping" in endpoint["FailureReason"]
    assert servers_of(bench, name) == []


def test_two_variants_need_two_names(bench, models):
    with pytest.raises(ClientError, match="A is the name of two variants"):
        bench.variants(variant("A", models[0]), variant("A", models[1]))


def test_each_variant_has_its_own_captures_and_its_own_log(bench, models):
    a, b = models
    name = bench.serve(
        bench.variants(
            variant("AllTraffic", a), variant("B", b), DataCaptureConfig=capturing(bench)
        )
    )
    for target in ("AllTraffic", "B", "B"):
        bench.invoke(name, TargetVariant=target)

    assert len(lines_of(bench, name, 1)) == 1
    bench.delete(name)
    files = [
        bench.get(f"s3://{bench.bucket}/{key}") for key in bench.keys(f"data_capture/{name}/B/")
    ]
    assert len(b"".join(files).splitlines()) == 2
    group = f"/aws/sagemaker/Endpoints/{name}"
    wait_until(lambda: bench.log_lines(group, "B/i-"), SECONDS, "B's log")


def test_open_requests_decide_where_it_is_asked_for(bench, models):
    routing = {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
    name = bench.serve(
        bench.variants(variant("A", models[0], InitialInstanceCount=2, RoutingConfig=routing))
    )
    described = bench.endpoint(name)["ProductionVariants"][0]
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(bench.invoke, name, b"slow3")
        wait_until(slow.running, SECONDS, "the slow request")
        answers = []  # when each was asked, and which server it was
        while not slow.done():
            answers.append((time.monotonic(), bench.invoke(name)["pid"]))
    began, ended = answers[0][0], answers[-1][0]
    # The first ones may have come before the slow one, the last ones after it.
    others = [pid for asked, pid in answers if began + 1 < asked < ended - 1]

    assert described["RoutingConfig"] == routing
    assert len(others) > 10
    assert slow.result()["pid"] not in others


def test_what_an_endpoint_had_survives_a_restart(own):
    model = own.model()
    name = own.serve(own.variants(variant("A", model), variant("B", model)))
    rescale(own, name, {"VariantName": "B", "DesiredWeight": 5.0, "DesiredInstanceCount": 2})

    own.service.kill()
    own.service.start()

    own.reaches(name, "InService")
    wait_until(lambda: len(servers_of(own, name)) == 3, SECONDS, "three servers")
    second = own.endpoint(name)["ProductionVariants"][1]
    assert (second["CurrentWeight"], second["DesiredInstanceCount"]) == (5.0, 2)


@pytest.mark.parametrize(
    ("routing", "instances", "shares"),
    [
        ({"Type": "ALL_AT_ONCE"}, 1, (1.0,)),
        ({"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 20}}, 1, (0.2, 1)),
        ({"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}}, 4, (0.25, 1)),
        (
            {"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 40}},
            1,
            (0.4, 0.8, 1.0),
        ),
        (
            {"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50}},
            1,
            (0.5, 1.0),
        ),
    ],
)
def test_traffic_moves_in_the_steps_that_are_asked_for(routing, instances, shares):
    config = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}

    assert rollout_of(config, instances).shares == shares
