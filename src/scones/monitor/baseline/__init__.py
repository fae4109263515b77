"""A baseline of what is usual, and checks of what came later, in Model Monitor's own files.

    features ──Statistics──▶ statistics.json ──suggest──▶ constraints.json      (the baseline)
    features ──Statistics──▶ statistics.json ──check──▶ constraint_violations.json ──▶ CloudWatch,
                                              └─drift──▶ p-values per feature          SNS

The files are those of SageMaker's "Schema for Statistics", "Schema for Constraints" and "Schema
for Violations": a baseline made here can be used on AWS, and one made there here.
"""

from scones.monitor.baseline.checks import Checked, Violation, check, read_violations
from scones.monitor.baseline.constraints import Constraints, read_constraints, suggest
from scones.monitor.baseline.drift import FeatureDrift, find_drift
from scones.monitor.baseline.publish import notify, put_metrics
from scones.monitor.baseline.statistics import Statistics, read_statistics
from scones.monitor.baseline.store import (
    Baseline,
    Compared,
    Store,
    compare,
    read_baseline,
    write_baseline,
    write_results,
)

__all__ = [
    "Baseline",
    "Checked",
    "Compared",
    "Constraints",
    "FeatureDrift",
    "Statistics",
    "Store",
    "Violation",
    "check",
    "compare",
    "find_drift",
    "notify",
    "put_metrics",
    "read_baseline",
    "read_constraints",
    "read_statistics",
    "read_violations",
    "suggest",
    "write_baseline",
    "write_results",
]
