"""Model cards: kept in versions, checked against the schema, found by status."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from scones_localstack.sagemaker.cards.schema import faults_in
from tests.emulator.sagemaker.running import unique

# What a training job of image classification has left, in one line: SageMaker takes no other form.
FILE = Path(__file__).parents[2] / "scones" / "jobs" / "model-card.json"
CARD = json.dumps(json.loads(FILE.read_text()))


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_the_card_of_a_training_job_is_taken_as_it_is(client):
    name = unique("card")
    arn = client.create_model_card(
        ModelCardName=name,
        Content=CARD,
        ModelCardStatus="Draft",
        Tags=[{"Key": "scones:project", "Value": "bakery"}],
    )["ModelCardArn"]
    for named in (name, arn):
        found = client.describe_model_card(ModelCardName=named)
        assert found["Content"] == CARD
        assert (found["ModelCardStatus"], found["ModelCardVersion"]) == ("Draft", 1)
    assert arn == f"arn:aws:sagemaker:us-east-1:000000000000:model-card/{name}"
    assert client.list_tags(ResourceArn=arn)["Tags"][0]["Value"] == "bakery"
    client.delete_model_card(ModelCardName=name)
    with pytest.raises(ClientError) as error:
        client.describe_model_card(ModelCardName=name)
    assert code_of(error) == "ResourceNotFound"


def test_a_new_content_is_a_new_version_and_a_new_status_is_not(client):
    name = unique("card")
    other = json.dumps({"model_overview": {"model_name": "other"}})
    client.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    with pytest.raises(ClientError) as error:
        client.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    assert code_of(error) == "ConflictException"

    client.update_model_card(ModelCardName=name, Content=other)
    client.update_model_card(ModelCardName=name, ModelCardStatus="Approved")

    newest = client.describe_model_card(ModelCardName=name)
    assert (newest["ModelCardVersion"], newest["Content"]) == (2, other)
    assert newest["ModelCardStatus"] == "Approved"
    first = client.describe_model_card(ModelCardName=name, ModelCardVersion=1)
    assert (first["Content"], first["ModelCardStatus"]) == ("{}", "Draft")
    with pytest.raises(ClientError, match="has no version 3"):
        client.describe_model_card(ModelCardName=name, ModelCardVersion=3)
    with pytest.raises(ClientError, match="cannot be updated in one call"):
        client.update_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    client.update_model_card(ModelCardName=name, ModelCardStatus="Archived")
    with pytest.raises(ClientError, match="archived"):
        client.update_model_card(ModelCardName=name, Content="{}")


def test_cards_are_listed_by_name_and_status(client):
    start = unique("listed")
    for number, status in enumerate(("Draft", "Approved", "Draft")):
        name = f"{start}-{number}"
        client.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus=status)

    pages = client.get_paginator("list_model_cards").paginate(
        NameContains=start,
        ModelCardStatus="Draft",
        SortBy="Name",
        SortOrder="Ascending",
        PaginationConfig={"PageSize": 1},
    )

    found = [card["ModelCardName"] for page in pages for card in page["ModelCardSummaries"]]
    assert found == [f"{start}-0", f"{start}-2"]


def test_the_versions_of_a_card_are_listed_the_newest_first(client):
    name = unique("card")
    client.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    for number in (2, 3):
        content = json.dumps({"model_overview": {"model_version": number}})
        client.update_model_card(ModelCardName=name, Content=content)
    client.update_model_card(ModelCardName=name, ModelCardStatus="Approved")

    def listed(**asked):
        pages = client.get_paginator("list_model_card_versions").paginate(
            ModelCardName=name, PaginationConfig={"PageSize": 2}, **asked
        )
        return [
            (version["ModelCardVersion"], version["ModelCardStatus"])
            for page in pages
            for version in page["ModelCardVersionSummaryList"]
        ]

    assert listed() == [(3, "Approved"), (2, "Draft"), (1, "Draft")]
    assert listed(SortOrder="Ascending")[0] == (1, "Draft")
    assert listed(ModelCardStatus="Approved") == [(3, "Approved")]
    assert listed(CreationTimeAfter=datetime.now(UTC) + timedelta(minutes=1)) == []
    assert len(listed(CreationTimeBefore=datetime.now(UTC) + timedelta(minutes=1))) == 3
    with pytest.raises(ClientError) as error:
        client.list_model_card_versions(ModelCardName=unique("none"))
    assert code_of(error) == "ResourceNotFound"


def test_cards_survive_a_restart(own):
    own.sagemaker.create_model_card(ModelCardName="kept", Content="{}", ModelCardStatus="Draft")
    own.service.stop()
    own.service.start()
    assert own.sagemaker.describe_model_card(ModelCardName="kept")["ModelCardVersion"] == 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "it is not JSON"),
        ("[]", "the card must be an object"),
        ('{"model_overwiev": {}}', "model_overwiev is not a member"),
        ('{"intended_uses": {"risk_rating": "None"}}', "risk_rating must be one of High"),
        ('{"evaluation_details": [{}]}', r"evaluation_details\[0\].name is missing"),
        ('{"model_overview": {"model_version": "1"}}', "model_version must be a number"),
        (
            json.dumps({"additional_information": {"custom_details": {"a": "b" * 1025}}}),
            "custom_details.a must have at most 1024 characters",
        ),
    ],
)
def test_a_content_of_another_form_is_refused_by_what_is_wrong(client, content, fault):
    with pytest.raises(ClientError, match=fault) as error:
        client.create_model_card(ModelCardName="x", Content=content, ModelCardStatus="Draft")
    assert code_of(error) == "ValidationException"


@pytest.mark.parametrize(
    ("metric", "wrong"),
    [
        ({"type": "number", "value": 1}, ""),
        ({"type": "number", "value": "1"}, "value must be a number"),
        ({"type": "boolean", "value": 1}, "value must be true or false"),
        ({"type": "matrix", "value": [[1, 2], [3, 4]], "x_axis_name": ["a", "b"]}, ""),
        ({"type": "matrix", "value": [[1] * 21]}, "1 to 20 items"),
        ({"type": "linear_graph", "value": [[1, 2, 3]]}, "2 to 2 items"),
        ({"type": "bar_chart", "value": []}, "1 to any number of items"),
        ({"type": "pie", "value": 1}, "type must be one of number"),
    ],
)
def test_metrics_have_the_form_of_their_type(metric, wrong):
    data = [{"name": "m", **metric}]
    groups = [{"name": "g", "metric_data": data}]
    content = {"evaluation_details": [{"name": "e", "metric_groups": groups}]}
    faults = faults_in(json.dumps(content))
    assert bool(faults) == bool(wrong)
    assert all(wrong in fault for fault in faults)
