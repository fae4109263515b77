"""How plots look: two themes, and colours that colour-blind readers can tell apart."""

from dataclasses import dataclass
from typing import Any

# Okabe and Ito, "Color Universal Design", 2008; the lighter three read better on dark paper.
BLUE, SKY = "#0072B2", "#56B4E9"
VERMILLION, ORANGE = "#D55E00", "#E69F00"


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one theme; the page's style sheet has the same.

    Attributes:
        name: "light" or "dark".
        paper: Behind everything.
        ink: Text and axes.
        faint: Grid lines and secondary text.
        passed: What meets the threshold.
        failed: What does not.
    """

    name: str
    paper: str
    ink: str
    faint: str
    passed: str
    failed: str

    def settings(self) -> dict[Any, Any]:
        """The theme as matplotlib's settings."""
        return {
            "figure.dpi": 220,
            "figure.facecolor": self.paper,
            "savefig.facecolor": self.paper,
            "axes.facecolor": self.paper,
            "axes.edgecolor": self.faint,
            "axes.labelcolor": self.ink,
            "axes.labelsize": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],
            "font.size": 10,
            "text.color": self.ink,
            "xtick.color": self.ink,
            "ytick.color": self.ink,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "grid.color": self.faint,
            "grid.alpha": 0.35,
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "legend.fontsize": 9,
        }


LIGHT = Theme("light", "#ffffff", "#1f2328", "#8c959f", BLUE, VERMILLION)
DARK = Theme("dark", "#161b22", "#e6edf3", "#6e7681", SKY, ORANGE)
THEMES = (LIGHT, DARK)
