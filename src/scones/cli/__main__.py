"""`python -m scones.cli` is the same as `scones`."""

import sys

from scones.cli.app import main

sys.exit(main())
