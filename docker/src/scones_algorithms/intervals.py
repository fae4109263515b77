"""How far a share of few cases can be trusted.

Source: E. B. Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
"""

import math

Z_95 = 1.959963984540054  # standard normal quantile of 0.975


def wilson(count: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Return the ends of the interval in which the true share lies, 95 % of the time.

    Args:
        count: cases that are so.
        total: all cases, at least 1.
        z: quantile of the standard normal distribution.
    """
    share = count / total
    middle, scale = share + z**2 / (2 * total), 1 + z**2 / total
    spread = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
