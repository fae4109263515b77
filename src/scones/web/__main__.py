"""Django's commands for this site: `python -m scones.web migrate`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scones.web.settings")
    execute_from_command_line(["python -m scones.web", *sys.argv[1:]])
