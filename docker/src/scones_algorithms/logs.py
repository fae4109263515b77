"""Log lines in the form that SageMaker's built-in algorithms print."""

import logging
import sys
import warnings

LINE = "[%(asctime)s %(levelname)s %(process)d] %(message)s"
TIME = "%m/%d/%Y %H:%M:%S"


def configure_logging() -> None:
    """Send log records to standard output and silence what third parties say at import."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format=LINE, datefmt=TIME, force=True
    )
    logging.getLogger("PIL").setLevel(logging.WARNING)
    if not sys.warnoptions:  # python -W still shows them
        warnings.simplefilter("ignore")
