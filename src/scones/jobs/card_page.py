"""Writes a model card: as JSON, and as a page with its confusion matrix and its calibration."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scones.drawing import Chart, draw, page_templates, put_page
from scones.drawing.truth import confusion_matrix, reliability_diagram
from scones.errors import DataError
from scones.jobs.card import CARD_FILE, Card, metrics
from scones.shares import Bin, Calibration, Share

PAGE_FILE = "model-card.html"
ORIGINS = ("given", "recipe", "default")


def write_card(card: Card, directory: Path) -> Path:
    """Write `model-card.json`, `model-card.html` and the plots, and return the page.

    Args:
        card: In SageMaker's schema, as `scones.jobs.card` completes it.
        directory: Where the files go; made if it is not there.

    Raises:
        DataError: The folder cannot be written.
    """
    html = directory / PAGE_FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n")
        plots = [draw(chart, directory) for chart in charts(card)]
        put_page(
            html,
            page_templates("scones.jobs")
            .get_template("card.html.j2")
            .render(
                title=f"Model card: {card['model_overview']['model_name']}",
                card=card,
                details=details(card),
                values=values(card),
                said=_numbers(card),
                data=_data(card),
                plots=plots,
                now=datetime.now(UTC),
            ),
        )
    except OSError as error:
        raise DataError(f"cannot write a card in {directory}: {error}") from error
    return html


def details(card: Card) -> dict[str, str]:
    """Return a card's own details, without those that say where hyperparameters come from."""
    said: dict[str, str] = card["additional_information"]["custom_details"]
    return {name: text for name, text in said.items() if not name.startswith("hyperparameters: ")}


def values(card: Card) -> list[tuple[str, str, str]]:
    """Return name, value and origin of each hyperparameter, the given ones first."""
    said = card["additional_information"]["custom_details"]
    origin = {
        name: kind
        for kind in ORIGINS
        for name in said.get(f"hyperparameters: {kind}", "").split(", ")
    }
    listed = card["training_details"]["training_job_details"]["hyper_parameters"]
    found = [(one["name"], one["value"], origin.get(one["name"], "")) for one in listed]
    return sorted(found, key=lambda row: ORIGINS.index(row[2]) if row[2] else len(ORIGINS))


def charts(card: Card) -> list[Chart]:
    """Return the charts that the card has the numbers for."""
    by_name = {metric["name"]: metric for metric in metrics(card)}
    wanted = []
    if "confusion" in by_name:
        confusion = by_name["confusion"]
        classes = confusion["x_axis_name"]
        side = 2.2 + 0.55 * len(classes)
        wanted.append(
            Chart(
                "confusion-matrix",
                "True and predicted class",
                "Validation images by true class (rows) and predicted class (columns): "
                f"{confusion['value']}.",
                (side, side),
                lambda figure, theme: confusion_matrix(figure, confusion["value"], classes, theme),
            )
        )
    if "reliability" in by_name:
        found = calibration(by_name["reliability"]["value"])
        wanted.append(
            Chart(
                "reliability",
                "Is the confidence what it says?",
                "Share of right answers against mean confidence, in steps of confidence, with "
                f"95 % intervals; expected calibration error {found.expected_error:.3f}.",
                (4.8, 3.7),
                lambda figure, theme: reliability_diagram(figure, found, "Images", theme),
            )
        )
    return wanted


def calibration(rows: list[list[float]]) -> Calibration:
    """Read a card's table of reliability: low, high, images, right, mean confidence."""
    bins = tuple(
        Bin(low, high, mean, Share(int(right), int(count)))
        for low, high, count, right, mean in rows
    )
    total = sum(step.right.total for step in bins)
    gaps = [abs(step.confidence - step.right.value) * step.right.total for step in bins]
    return Calibration(bins, sum(gaps) / total)


def summary(card: Card) -> str:
    """Say in a few lines what a card says."""
    said = _numbers(card)
    lines = {"model": card["model_overview"]["model_description"]}
    if said:
        lines["accuracy"] = _share(said, "accuracy", "validation images")
        lines["confident"] = _share(said, "share that passes", f"reach {said['threshold']:g}")
        if "accuracy of those" in said:
            lines["right, of those"] = _share(said, "accuracy of those", "of them")
        lines["calibration"] = f"error {said['expected calibration error']:.3f} (0 is best)"
    told = details(card)
    lines |= {name: told[name] for name in ("source", "licence of the images", "began with")}
    lines["cpu time"] = f"{told['cpu seconds']} s on {told['threads']} thread(s)"
    return "\n".join(f"{name:>22}  {text}" for name, text in lines.items())


def _share(said: dict[str, Any], name: str, what: str) -> str:
    low, high = said[f"{name} from"], said[f"{name} to"]
    return f"{said[name]:.3f} ({low:.3f} to {high:.3f}), {said[f'{name}: counts']} {what}"


def _numbers(card: Card) -> dict[str, Any]:
    """Return single numbers by name, and where they are shares also their counts."""
    single = [metric for metric in metrics(card) if metric["type"] == "number"]
    counted = {f"{m['name']}: counts": m["notes"] for m in single if " of " in m.get("notes", "")}
    return {metric["name"]: metric["value"] for metric in single} | counted


def _data(card: Card) -> list[tuple[str, dict[str, int]]]:
    """Return images by class for each channel."""
    return [
        (metric["name"], dict(zip(metric["x_axis_name"], metric["value"], strict=True)))
        for metric in metrics(card)
        if metric["type"] == "bar_chart"
    ]
