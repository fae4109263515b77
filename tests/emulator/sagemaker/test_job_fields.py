"""What requests for jobs may hold without effect is told: in the docs, and once in the log."""

from pathlib import Path

import pytest

from scones_localstack.sagemaker.fields import Field, table
from scones_localstack.sagemaker.front import model
from scones_localstack.sagemaker.processing import fields as processing_fields
from scones_localstack.sagemaker.training import fields as training_fields
from scones_localstack.sagemaker.transform import fields as transform_fields
from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS

DOCS = Path(__file__).parents[3] / "docs"
FAMILIES = {
    "04-training.md": [training_fields.FIELDS],
    "12-jobs.md": [transform_fields.FIELDS, processing_fields.FIELDS],
}
ALL = [field for families in FAMILIES.values() for fields in families for field in fields]


@pytest.mark.parametrize("page", FAMILIES)
def test_the_docs_show_the_tables(page):
    text = (DOCS / page).read_text()
    for fields in FAMILIES[page]:
        assert table(fields) in text


@pytest.mark.parametrize("field", ALL, ids=lambda field: f"{field.operation}.{field.path}")
def test_each_field_is_one_that_aws_has(field: Field):
    shape = model.input_shape(model.CONTROL_PLANE, field.operation)
    for name in field.path.split("."):
        shape = shape.member if shape.type_name == "list" else shape
        shape = shape.members[name]


def test_a_field_without_effect_is_shown_and_logged_once(bench):
    network = {"EnableNetworkIsolation": True}
    for _ in range(2):
        job = bench.processed(bench.process("pass", NetworkConfig=network))
        assert job["NetworkConfig"] == network
    said = "CreateProcessingJob: NetworkConfig is kept and shown, without effect"

    def count() -> int:
        return bench.service.log_path.read_text().count(said)

    wait_until(count, SECONDS, "the line in the log")
    assert count() == 1
