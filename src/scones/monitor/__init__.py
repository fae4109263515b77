"""Captured inferences become a report.

    S3 or a folder ──reading──▶ lines ──capture, payload──▶ CaptureLog
        ──figures──▶ rates, intervals ──charts, plots──▶ PNG files ──report──▶ report.html

Nothing that was captured is trusted: a broken line is counted and passed over, an image is
decoded and encoded anew before a page shows it, and the page may load nothing.
"""

from scones.monitor.capture import BrokenLine, Capture, CaptureLog
from scones.monitor.reading import read_captures, read_folder
from scones.monitor.report import Report, write_report

__all__ = [
    "BrokenLine",
    "Capture",
    "CaptureLog",
    "Report",
    "read_captures",
    "read_folder",
    "write_report",
]
