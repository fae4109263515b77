"""LocalStack's slow spots, mended from outside."""


def apply() -> None:
    """Apply every patch."""
