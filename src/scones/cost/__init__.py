"""What a project costs on AWS: its settings and a dated table become an estimate.

    Profile, number of states ─▶ estimate ─▶ a month, a thousand predictions, an hour of training
    prices.toml ────────────────┘

An estimate, no bill: of the parts that dominate, at list prices of one region, without free tiers.
"""

from scones.cost.estimate import CostEstimate, Line, estimate, quotas

__all__ = ["CostEstimate", "Line", "estimate", "quotas"]
