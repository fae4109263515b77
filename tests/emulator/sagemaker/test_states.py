"""Endpoints created, changed, invoked, killed and deleted in random order: what must always hold.

- No endpoint is InService without a live server, and no server lives without an endpoint's record.
- What an endpoint says of its instances is what runs.
- Every invocation that was answered has been captured, once.
"""

import json
import os
from collections import Counter
from pathlib import Path

import psutil
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS, Workbench, unique, variant
from tests.emulator.sagemaker.test_capture import config as capturing

EXAMPLES = int(os.environ.get("SCONES_TEST_EXAMPLES", "2"))
STEPS = 12
SETTLED = ("InService", "OutOfService", "Failed")
STATUSES = (*SETTLED, "Creating", "Updating", "RollingBack", "Deleting")


class Endpoints(RuleBasedStateMachine):
    """Any order of what can be done to endpoints, and to the service that has them."""

    endpoints = Bundle("endpoints")

    def __init__(self, bench: Workbench, models: dict[str, str]) -> None:
        super().__init__()
        self.bench = bench
        self.models = models
        self.answered: Counter[str] = Counter()

    def config(self, model: str, instances: int) -> str:
        first = variant("A", self.models[model], InitialInstanceCount=instances)
        second = variant("B", self.models["sound"])
        return self.bench.variants(first, second, DataCaptureConfig=capturing(self.bench))

    def refusal(self, action, **asked) -> str:
        """Do what the service may refuse, and return with what words it has."""
        try:
            action(**asked)
        except ClientError as error:
            return str(error)
        return ""

    def change(self, action, **asked) -> None:
        refusal = self.refusal(action, **asked)
        assert not refusal or "in-progress" in refusal or "in status Failed" in refusal

    @rule(
        target=endpoints,
        model=st.sampled_from(["sound", "sound", "broken"]),
        instances=st.integers(1, 2),
    )
    def create(self, model: str, instances: int):
        if len(self.bench.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]) >= 2:
            return multiple()
        name = unique("endpoint")
        config = self.config(model, instances)
        self.bench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        return name

    @rule(
        name=endpoints,
        model=st.sampled_from(["sound", "slow", "broken"]),
        instances=st.integers(1, 2),
    )
    def update(self, name: str, model: str, instances: int) -> None:
        config = self.config(model, instances)
        update = self.bench.sagemaker.update_endpoint
        self.change(update, EndpointName=name, EndpointConfigName=config)

    @rule(name=endpoints, weight=st.integers(0, 3), instances=st.integers(1, 3))
    def rescale(self, name: str, weight: int, instances: int) -> None:
        change = {
            "VariantName": "A",
            "DesiredWeight": float(weight),
            "DesiredInstanceCount": instances,
        }
        self.change(
            self.bench.sagemaker.update_endpoint_weights_and_capacities,
            EndpointName=name,
            DesiredWeightsAndCapacities=[change],
        )

    @rule(name=endpoints)
    def settle(self, name: str) -> None:
        assert self.bench.settles(name)["EndpointStatus"] in SETTLED

    @rule(name=endpoints, count=st.integers(1, 10))
    def invoke(self, name: str, count: int) -> None:
        for _ in range(count):
            before = self.bench.endpoint(name)["EndpointStatus"]
            refusal = self.refusal(self.bench.invoke, name=name)
            self.answered[name] += not refusal
            assert not refusal or before != "InService", refusal
            assert not refusal or "(ServiceUnavailable)" in refusal or "not found" in refusal

    @rule(name=endpoints)
    def crash(self, name: str) -> None:
        servers = self.servers(name)
        refusal = self.refusal(self.bench.invoke, name=name, body=b"crash")
        assert refusal
        if "does not answer" in refusal:
            wait_until(lambda: servers - self.servers(name), SECONDS, "a server's end")

    @rule(name=consumes(endpoints))
    def delete(self, name: str) -> None:
        self.bench.settles(name)
        self.bench.delete(name)
        assert self.servers(name) == set()

    @rule(kill=st.booleans())
    def restart(self, kill: bool) -> None:
        if kill:
            self.bench.service.kill()
        else:
            self.bench.service.stop()
        self.bench.service.start()

    @invariant()
    def holds(self) -> None:
        wait_until(self.is_sound, SECONDS, "a sound state")

    def is_sound(self) -> bool:
        """Whether records and processes agree; an endpoint needs a moment to notice an end."""
        listed = self.bench.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]
        names = {each["EndpointName"] for each in listed}
        if {Path(folder).name for folder in self.folders()} - names:
            return False
        for name in names:
            endpoint = self.bench.endpoint(name)
            assert endpoint["EndpointStatus"] in STATUSES
            servers = len(self.servers(name))
            claimed = sum(each["CurrentInstanceCount"] for each in endpoint["ProductionVariants"])
            if endpoint["EndpointStatus"] == "Failed" and servers:
                return False
            if endpoint["EndpointStatus"] == "InService" and not 0 < claimed <= servers:
                return False
        return True

    def folders(self) -> dict[str, set[int]]:
        """The model servers of this service's folder, by their endpoint's folder."""
        base = str(self.bench.service.folder / "endpoints")
        found: dict[str, set[int]] = {}
        for process in psutil.process_iter():
            try:
                root = process.environ().get("SAGEMAKER_BASE_DIR", "")
                alive = process.status() != psutil.STATUS_ZOMBIE
            except psutil.Error:
                continue
            if root.startswith(base) and alive:
                found.setdefault(str(Path(root).parents[1]), set()).add(process.pid)
        return found

    def servers(self, name: str) -> set[int]:
        folder = self.bench.service.folder / "endpoints" / "us-east-1" / name
        return self.folders().get(str(folder), set())

    def captured(self) -> Counter[str]:
        """How often each endpoint's invocations were captured, each event once."""
        events: dict[str, set[str]] = {}
        for key in self.bench.keys("data_capture/"):
            lines = self.bench.get(f"s3://{self.bench.bucket}/{key}").splitlines()
            found = [json.loads(line)["eventMetadata"]["eventId"] for line in lines]
            events.setdefault(key.split("/")[1], set()).update(found)
        return Counter({name: len(found) for name, found in events.items()})

    def teardown(self) -> None:
        for each in self.bench.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]:
            self.delete(each["EndpointName"])
        wait_until(lambda: not self.folders(), SECONDS, "the servers' end")
        wait_until(
            lambda: all(self.captured()[name] >= count for name, count in self.answered.items()),
            SECONDS,
            "all captures",
        )
        seen = self.captured()
        assert {name: seen[name] for name in self.answered} == dict(self.answered)


def test_nothing_that_can_be_done_makes_an_endpoint_lie(own, tmp_path):
    set_hypothesis_home_dir(tmp_path)
    artifact = own.ended(own.train())["ModelArtifacts"]["S3ModelArtifacts"]
    models = {
        "sound": own.model(artifact),
        "slow": own.model(artifact, SLOW_START="0.5"),
        "broken": own.model(artifact, EXIT_AT_START="5"),
    }
    run_state_machine_as_test(
        lambda: Endpoints(own, models),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            # Without shrinking: each attempt starts real servers. The seed is printed.
            phases=[Phase.generate],
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
