"""Hyperparameters compared by training jobs, on the validation images alone."""

from scones.tuning.search import Trial, ranked, run_trials
from scones.tuning.space import points

__all__ = ["Trial", "points", "ranked", "run_trials"]
