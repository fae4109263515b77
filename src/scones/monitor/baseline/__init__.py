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
from scones.monitor.baseline.statistics import Statistics, read_statistics

__all__ = [
    "Checked",
    "Constraints",
    "FeatureDrift",
    "Statistics",
    "Violation",
    "check",
    "find_drift",
    "read_constraints",
    "read_statistics",
    "read_violations",
    "suggest",
]
