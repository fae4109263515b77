"""Graphs on paper: nothing overlaps, everything is connected, and colours tell what happened."""

import itertools
import json
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image

from scones.deploy.settings import SOURCE_ROOT
from scones.errors import WorkflowError
from scones.workflow import StoredImage, classify_batch, classify_many
from scones.workflow.drawing import Caption, draw
from scones.workflow.export import export
from scones.workflow.graph import END, Kind, read_graph
from scones.workflow.layout import lay_out
from tests.scones.stack_fixtures.payloads import BICYCLE, UNSURE, image_bytes
from tests.scones.stack_fixtures.recorder import Recorder

SUCCEEDED, CAUGHT, FAILED = "#009e73", "#e69f00", "#d55e00"

CHOICES = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Next": "Left"}, {"Next": "Right"}],
            "Default": "Done",
        },
        "Left": {"Type": "Pass", "Next": "Done"},
        "Right": {"Type": "Wait", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}
BRANCHES = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
                {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
            "End": True,
        },
        "Sorry": {"Type": "Pass", "End": True},
    },
}


def asl(name):
    return json.loads((SOURCE_ROOT / "asl" / f"{name}.asl.json").read_text())


GRAPHS = {
    "image": read_graph(asl("classify_image")),
    "batch": read_graph(asl("classify_batch")),
    "choices": read_graph(CHOICES),
    "branches": read_graph(BRANCHES),
}


def test_a_graph_knows_why_each_transition_is_taken():
    edges = GRAPHS["image"].outgoing("Filter by confidence")
    assert [(edge.target, edge.kind, edge.label) for edge in edges] == [
        (END, Kind.NEXT, ""),
        ("Confidence too low", Kind.CATCH, "THRESHOLD_CONFIDENCE_NOT_MET"),
        ("Image not classified", Kind.CATCH, "any error"),
    ]


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({}, "no state machine"),
        ({"StartAt": "A", "States": {"A": {}}}, "no state machine"),
        ({"StartAt": "B", "States": {"A": {"Type": "Pass", "End": True}}}, "leads to 'B'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "C"}}}, "leads to 'C'"),
    ],
)
def test_a_definition_that_leads_nowhere_is_refused(definition, message):
    with pytest.raises(WorkflowError, match=message):
        read_graph(definition)


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_no_two_states_overlap_but_a_frame_and_what_is_in_it(graph):
    layout = lay_out(graph)
    inside = {
        (outer.name, state.name)
        for outer in graph.walk()
        for inner in outer.inner
        for state in inner.walk()
    }
    for (name, a), (other, b) in itertools.permutations(layout.boxes.items(), 2):
        apart = a.right <= b.left or b.right <= a.left or a.bottom <= b.top or b.bottom <= a.top
        if (name, other) in inside:
            assert a.left < b.left < b.right < a.right
            assert a.top < b.top < b.bottom < a.bottom
        else:
            assert apart or (other, name) in inside, f"{name} overlaps {other}"


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_every_transition_starts_and_ends_at_the_edge_of_its_states(graph):
    layout = lay_out(graph)
    drawn = {(route.edge.source, route.edge.target) for route in layout.routes}
    assert {(edge.source, edge.target) for edge in graph.edges} <= drawn
    for route in layout.routes:
        for name, (x, y) in zip(
            (route.edge.source, route.edge.target),
            (route.corners[0], route.corners[-1]),
            strict=True,
        ):
            if name != END:
                box = layout.boxes[name]
                assert x in (box.left, box.right, box.x)
                assert y in (box.top, box.bottom) or box.top < y < box.bottom


def test_the_path_that_a_state_machine_is_made_for_goes_straight_down():
    boxes = lay_out(GRAPHS["image"]).boxes
    path = [boxes[name] for name in ("Serialize image", "Classify image", "Filter by confidence")]
    assert len({box.x for box in path}) == 1
    assert [box.y for box in path] == sorted(box.y for box in path)
    assert boxes["Confidence too low"].x > path[0].right


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_any_graph_can_be_drawn_and_is_the_same_file_each_time(graph, tmp_path):
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    draw(graph, None, Caption("machine", "as deployed"), [first])
    draw(graph, None, Caption("machine", "as deployed"), [second])
    assert ElementTree.parse(first).getroot().tag.endswith("svg")
    assert first.read_bytes() == second.read_bytes()


@pytest.fixture(scope="module")
def images(aws, serving):
    stored = [StoredImage(serving.data_bucket, f"drawn/{n}.png") for n in ("sure", "unsure", "no")]
    for image, body in zip(stored, (image_bytes(BICYCLE), image_bytes(UNSURE), b""), strict=True):
        aws.client("s3").put_object(Bucket=image.bucket, Key=image.key, Body=body)
    return stored


def test_a_drawn_execution_has_the_colours_of_what_happened(aws, serving, images, tmp_path):
    sure, unsure, _ = classify_many(aws, serving, images)
    machine = serving.classify_state_machine_arn
    told = Recorder()
    drawn = export(aws, machine, tmp_path, execution_arn=unsure.execution_arn, reporter=told)
    text = drawn.svg.read_text()
    # Each colour is in the legend once; a state adds its edge and its badge.
    assert text.count(SUCCEEDED) == 1 + 2 * 2
    assert text.count(CAUGHT) == 1 + 2
    assert text.count(FAILED) > 1 + 2  # the note says why, in the same colour
    with Image.open(drawn.png) as opened:
        opened.verify()
    assert told.notes == [f"wrote {path}" for path in (drawn.definition, drawn.svg, drawn.png)]
    assert unsure.execution_arn.rpartition(":")[2] in drawn.svg.name

    routed = export(aws, machine, tmp_path, execution_arn=sure.execution_arn).svg.read_text()
    assert (routed.count(SUCCEEDED), routed.count(CAUGHT)) == (1 + 3 * 2, 1)


def test_a_drawn_batch_shows_the_items_error_as_caught(aws, serving, images, tmp_path):
    batch = classify_batch(aws, serving, images)
    machine = serving.batch_state_machine_arn
    text = export(aws, machine, tmp_path, execution_arn=batch.execution_arn).svg.read_text()
    assert (text.count(CAUGHT), text.count(FAILED)) == (1 + 2, 1)


def test_the_exported_definition_is_the_deployed_one(aws, serving, tmp_path):
    exported = export(aws, serving.classify_state_machine_arn, tmp_path / "new" / "folder")
    definition = json.loads(exported.definition.read_text())
    function = definition["States"]["Serialize image"]["Parameters"]["FunctionName"]
    assert function.endswith(f":function:{serving.serialize_function}")
    assert SUCCEEDED not in exported.svg.read_text()


@pytest.mark.parametrize("missing", ["stateMachine", "execution"])
def test_what_is_not_there_is_named(aws, serving, tmp_path, missing):
    machine = serving.classify_state_machine_arn
    execution = machine.replace(":stateMachine:", ":execution:") + ":none"
    if missing == "stateMachine":
        machine, execution = f"{machine}-gone", None
    with pytest.raises(WorkflowError, match="there is no arn:aws:states:"):
        export(aws, machine, tmp_path, execution_arn=execution)
