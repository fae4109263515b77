"""An IPython extension: boto3 and the SageMaker SDK find the project's services in any cell.

The kernel of `scones notebook` loads it. Environment variables alone would not do: the SDK names
AWS's own address for some calls, which the project's session overrides.
"""

from typing import Any

from scones.project import open_project


def load_ipython_extension(shell: Any) -> None:
    """Make the project's session boto3's default, and put the project into the namespace.

    Args:
        shell: The kernel's IPython shell.
    """
    project = open_project()
    project.aws.make_default()
    shell.push({"project": project})
