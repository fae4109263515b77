"""What a project costs on AWS: its settings and a dated table become an estimate.

    Profile, number of states ─▶ estimate ─▶ a month, a thousand predictions, an hour of training
    prices.toml ────────────────┘

    Profile ─▶ quotas ─▶ account_quotas: what is needed, what is allowed

An estimate, no bill: of the parts that dominate, at list prices of one region, without free tiers.
"""

from scones.cost.estimate import CostEstimate, Line, estimate
from scones.cost.quotas import AccountQuota, Quota, account_quotas, quotas

__all__ = [
    "AccountQuota",
    "CostEstimate",
    "Line",
    "Quota",
    "account_quotas",
    "estimate",
    "quotas",
]
