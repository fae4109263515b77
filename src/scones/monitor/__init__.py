"""Captured inferences become a report.

    S3 or a folder ──listing, reading──▶ lines ──capture, payload──▶ Captures ─┬─▶ Figures
                                         labels ──truth──▶ GroundTruth ────────┘
    Captures ──features──▶ named values ──baseline──▶ statistics, constraints, violations, drift
    Figures, violations, drift ──charts, plots──▶ PNG files ──report──▶ report.html

Nothing that was captured is trusted: a broken line is counted and passed over, an image is
decoded and encoded anew before a page shows it, and the page may load nothing.
"""

from typing import TYPE_CHECKING, Any

from scones.monitor.capture import BrokenLine, Capture, CaptureLog, Captures
from scones.monitor.reading import (
    CaptureStream,
    read_captures,
    read_folder,
    stream_captures,
    stream_folder,
)
from scones.monitor.truth import GroundTruth, read_truth

if TYPE_CHECKING:
    from scones.monitor.report import Report, write_report

__all__ = [
    "BrokenLine",
    "Capture",
    "CaptureLog",
    "CaptureStream",
    "Captures",
    "GroundTruth",
    "Report",
    "read_captures",
    "read_folder",
    "read_truth",
    "stream_captures",
    "stream_folder",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Load what draws when it is asked for: a container that only checks does without."""
    if name in ("Report", "write_report"):
        from scones.monitor import report

        return getattr(report, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
