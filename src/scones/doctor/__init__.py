"""Doctor: try a tool that scones can be used with, and say in one line what is missing.

sources ─▶ copy in a temporary folder ─▶ the tool's own checks, in order ─▶ findings
"""

from scones.doctor.finding import Finding, Outcome
from scones.doctor.terraform import examine_terraform

__all__ = ["Finding", "Outcome", "examine_terraform"]
