"""`scones monitor` from the command line, on capture files on disk: no service is needed."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scones.cli import main
from scones.monitor.baseline import read_violations
from tests.scones.monitor.records import png

type Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Runs a command in an empty folder; returns its exit code and its JSON document."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCONES_CONFIG", raising=False)

    def run(*arguments: str) -> tuple[int, Any]:
        code = main(["monitor", *arguments])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out.startswith("{") else out + err

    return run


def captures(folder: Path, count: int, colour: str, confidence: float = 0.95) -> str:
    folder.mkdir()
    image = base64.b64encode(png(colour, 8)).decode()
    lines = []
    for number in range(count):
        value = confidence - (number % 7) / 100
        document = {
            "captureData": {
                "endpointInput": {"data": image, "encoding": "BASE64"},
                "endpointOutput": {"data": json.dumps([value, 1 - value]), "encoding": "JSON"},
            },
            "eventMetadata": {
                "eventId": f"{folder.name}-{number}",
                "inferenceTime": f"2026-01-{1 + number % 20:02d}T00:00:00Z",
            },
        }
        lines.append(json.dumps(document) + "\n")
    partial = folder / "a.partial"
    partial.write_text("".join(lines))
    partial.rename(folder / "a.jsonl")  # whole, for those who watch the folder
    return str(folder)


def test_a_baseline_a_check_and_a_report(run: Run, tmp_path: Path) -> None:
    usual = captures(tmp_path / "usual", 200, "teal")
    dark = captures(tmp_path / "dark", 200, "black", 0.7)
    code, made = run("baseline", "--folder", usual, "--json")
    assert (code, made["records"]) == (0, 200)
    assert {"confidence", "brightness", "predicted_class"} <= set(made["features"])

    code, same = run("check", "--folder", usual, "--json")
    assert (code, same["status"], same["drifted"]) == (0, "Completed", [])

    code, found = run("check", "--folder", dark, "--json")
    assert (code, found["status"]) == (3, "CompletedWithViolations")
    assert {"confidence", "brightness"} <= set(found["drifted"])
    assert found["message_id"] is None
    violations = next(Path(name) for name in found["files"] if "violations" in name)
    names = {item.feature_name for item in read_violations(violations.read_text(), "v")}
    assert names == {item["feature_name"] for item in found["violations"]}

    code, report = run("--folder", dark, "--json")
    assert (code, report["comparison"]["drifted"]) == (0, found["drifted"])
    page = Path(report["report"]).read_text()
    assert "Baseline drift distance" in page
    assert "CompletedWithViolations" in page


def test_a_time_range_cuts_what_is_read(run: Run, tmp_path: Path) -> None:
    usual = captures(tmp_path / "usual", 200, "teal")
    span = ("--since", "2026-01-03", "--until", "2026-01-05T00:00")
    code, made = run("baseline", "--folder", usual, *span, "--json")
    assert (code, made["records"]) == (0, 20)
    code, text = run("baseline", "--folder", usual, "--since", "2030-01-01")
    assert code == 1
    assert "nothing has been captured" in text


def test_labels_in_model_monitors_form_give_an_accuracy(run: Run, tmp_path: Path) -> None:
    usual = captures(tmp_path / "usual", 10, "teal")
    labels = tmp_path / "labels"
    labels.mkdir()
    lines = [
        json.dumps(
            {
                "groundTruthData": {"data": data, "encoding": "CSV"},
                "eventMetadata": {"eventId": f"usual-{number}"},
            }
        )
        for number, data in enumerate(["0", "bicycle", "0", "1"])
    ]
    (labels / "a.jsonl").write_text("\n".join(lines))
    code, report = run("--folder", usual, "--ground-truth", str(labels), "--json")
    assert code == 0
    assert (report["accuracy"]["count"], report["accuracy"]["total"]) == (3, 4)
    assert report["confusion"] == [[3, 0], [1, 0]]
    assert [item["event_id"] for item in report["wrong"]] == ["usual-3"]
    assert report["calibration"]["expected_calibration_error"] > 0

    (labels / "b.jsonl").write_text("{}\n")
    code, text = run("--folder", usual, "--ground-truth", str(labels))
    assert code == 0
    assert "1 lines are no labels, the first b.jsonl:1: no groundTruthData" in text


def test_another_place_for_a_baseline_and_other_thresholds(run: Run, tmp_path: Path) -> None:
    usual = captures(tmp_path / "usual", 200, "teal")
    options = ("--threshold", "0.3", "--comparison", "Simple", "--categorical", "ChiSquared")
    place = str(tmp_path / "kept")
    code, _ = run("baseline", "--folder", usual, "--output", place, *options, "--json")
    assert code == 0
    config = json.loads((tmp_path / "kept" / "constraints.json").read_text())["monitoring_config"]
    assert config["distribution_constraints"] == {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.3,
        "comparison_method": "Simple",
        "categorical_comparison_threshold": 0.3,
        "categorical_drift_method": "ChiSquared",
    }
    results = str(tmp_path / "results")
    arguments = ("--baseline", place, "--output", results, "--no-publish", "--json")
    code, found = run("check", "--folder", usual, *arguments)
    assert code == 0
    assert found["files"] == [
        f"{results}/{name}.json" for name in ("statistics", "constraint_violations", "drift")
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("check", "--folder", "usual"), 1, "run `scones monitor baseline` first"),
        (("check", "--folder", "usual", "--baseline", "x"), 1, "there is no baseline in x"),
        (("baseline", "--folder", "nowhere"), 2, "nowhere is not a folder"),
        (("baseline", "--folder", "usual", "--threshold", "2"), 2, "not between 0 and 1"),
        (("baseline", "--folder", "usual", "--since", "today"), 2, "today"),
        (("--json", "check", "--folder", "usual"), 2, "stand behind its name"),
        (("--folder", "usual", "--ground-truth", "x"), 2, "neither a folder nor an S3 URI"),
    ],
)
def test_what_is_wrong_is_said(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    captures(tmp_path / "usual", 3, "teal")
    found, text = run(*arguments)
    assert (found, message in text) == (code, True), text
