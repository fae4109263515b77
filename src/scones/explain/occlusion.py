"""Covers a picture in one place after another, and maps how far the answer falls each time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scones.errors import EndpointError, UsageError
from scones.explain.asking import Answer
from scones.explain.photo import Photo

SPAN = 2  # cells that a covered part is wide and high; all cells are covered SPAN² times
LEAST_FALL = 0.05  # of probability: a part that costs less is not what an answer rests on
ACROSS, DOWN = ("left", "middle", "right"), ("upper", "middle", "lower")


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What an endpoint's answer to one picture rests on.

    Attributes:
        photo: The picture.
        label: Name of the explained class.
        confidence: Its probability for the whole picture.
        threshold: Least confidence that passes.
        heat: (grid, grid): by how much the probability falls, in the mean, while a cell is covered;
            below 0 where it rises.
        lowest: The probability at its lowest.
        lowest_box: What was covered then: left, top, width, height in pixels of the file.
    """

    photo: Photo
    label: str
    confidence: float
    threshold: float
    heat: np.ndarray
    lowest: float
    lowest_box: tuple[int, int, int, int]

    @property
    def place(self) -> str:
        """Where in the picture the middle of what was covered at the lowest lies, in words."""
        left, top, width, height = self.lowest_box
        across = ACROSS[int(3 * (left + width / 2) / self.photo.size[0])]
        down = DOWN[int(3 * (top + height / 2) / self.photo.size[1])]
        return "middle" if across == down else f"{down} {across}"

    @property
    def is_flat(self) -> bool:
        """Whether no part that was covered alone makes a difference."""
        return self.confidence - self.lowest < LEAST_FALL

    @property
    def text(self) -> str:
        """What the picture of the heat map says, for those who do not see it."""
        verdict = "meets" if self.confidence >= self.threshold else "is below"
        start = (
            f"{self.label} {self.confidence:.3f}, which {verdict} the threshold of "
            f"{self.threshold:g}."
        )
        if self.lowest >= self.confidence:
            return f"{start} Covering no part of the picture makes it less."
        if self.is_flat:
            return (
                f"{start} No part alone decides it: whatever is covered, at least "
                f"{self.lowest:.3f} is left."
            )
        left, top, width, height = self.lowest_box
        return (
            f"{start} It rests most on the {self.place} of the picture: covering "
            f"{width} x {height} pixels at {left}, {top} there brings it to {self.lowest:.3f}."
        )


def request_count(grid: int) -> int:
    """Return how many answers one picture takes."""
    return (grid + SPAN - 1) ** 2 + 1


def explain(
    photo: Photo,
    answer: Answer,
    classes: Sequence[str],
    *,
    threshold: float,
    grid: int,
    label: str | None = None,
    on_answer: Callable[[], None] = lambda: None,
) -> Explanation:
    """Find out what the answer to a picture rests on.

    Args:
        photo: The picture.
        answer: Asks the model.
        classes: Names in index order.
        threshold: Least confidence that passes.
        grid: Cells across and down; covered are 2 x 2 of them at a time, in the picture's mean
            colour, so that each cell is covered four times.
        label: The class to explain, by default the likeliest.
        on_answer: Called after each answer.

    Raises:
        UsageError: The picture has fewer pixels than the grid has cells, or there is no such class.
        EndpointError: The model's answer has another number of classes.
    """
    if min(photo.pixels.shape[:2]) < grid:
        raise UsageError(f"{photo.path} is smaller than {grid} pixels: give a smaller --grid")
    if label is not None and label not in classes:
        raise UsageError(f"there is no class '{label}': choose from {', '.join(classes)}")
    windows = list(_windows(grid))
    answers = []
    for found in answer(_pictures(photo.pixels, grid, windows)):
        if len(found) != len(classes):
            raise EndpointError(
                f"the endpoint tells {len(found)} classes apart, and the project has "
                f"{len(classes)}: set the classes that it was trained on"
            )
        answers.append(found)
        on_answer()
    whole, covered = answers[0], answers[1:]
    wanted = whole.index(max(whole)) if label is None else classes.index(label)
    left = np.array([found[wanted] for found in covered])
    worst = min(range(len(windows)), key=lambda at: (left[at], _area(windows[at])))
    return Explanation(
        photo=photo,
        label=classes[wanted],
        confidence=whole[wanted],
        threshold=threshold,
        heat=_heat(whole[wanted] - left, windows, grid),
        lowest=float(left[worst]),
        lowest_box=_box(windows[worst], grid, photo.size),
    )


type Window = tuple[int, int, int, int]
"""First and last row, first and last column of what is covered, in cells; the ends excluded."""


def _area(window: Window) -> int:
    top, bottom, left, right = window
    return (bottom - top) * (right - left)


def _windows(grid: int) -> Iterator[Window]:
    """Yield all places, those that reach over an edge included, so that no cell counts for less."""
    starts = range(1 - SPAN, grid)
    for row in starts:
        for column in starts:
            rows = max(0, row), min(grid, row + SPAN)
            yield (*rows, max(0, column), min(grid, column + SPAN))


def _pictures(pixels: np.ndarray, grid: int, windows: Sequence[Window]) -> Iterator[np.ndarray]:
    """Yield the picture as it is, then covered in each place."""
    yield pixels
    colour = pixels.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    for window in windows:
        covered = pixels.copy()
        height, width = pixels.shape[:2]
        top, bottom, left, right = _edges(window, grid, height, width)
        covered[top:bottom, left:right] = colour
        yield covered


def _edges(window: Window, grid: int, height: int, width: int) -> tuple[int, int, int, int]:
    """Return a window in pixels: top, bottom, left, right."""
    top, bottom, left, right = window
    return (
        round(top * height / grid),
        round(bottom * height / grid),
        round(left * width / grid),
        round(right * width / grid),
    )


def _box(window: Window, grid: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    top, bottom, left, right = _edges(window, grid, size[1], size[0])
    return left, top, right - left, bottom - top


def _heat(falls: np.ndarray, windows: Sequence[Window], grid: int) -> np.ndarray:
    total = np.zeros((grid, grid))
    for fall, (top, bottom, left, right) in zip(falls, windows, strict=True):
        total[top:bottom, left:right] += fall
    heat: np.ndarray = total / SPAN**2
    return heat
