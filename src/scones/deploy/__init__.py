"""Deploy: files in the checkout become one CloudFormation stack, and what it built is named.

    DeploySettings ─▶ package ─▶ artifacts ─▶ stack ─▶ StackOutputs
                      │          │            └ change set: create, describe, execute
                      │          └ bucket for code and definitions; only what is missing is uploaded
                      └ handlers and state machines, checked, each under its content's hash

Everything is checked before the first call to AWS. A second deployment without a change does
nothing. `plan` says what would be created without an account, `preview` what CloudFormation would
change in one; `outputs` reads the names of what is deployed, and `destroy` removes all that carries
the project's name, models and endpoints included.
"""

from scones.deploy.destruction import destroy
from scones.deploy.pipeline import deploy, deploy_operations, outputs
from scones.deploy.planning import PlannedResource, plan
from scones.deploy.preview import PlannedChange, preview
from scones.deploy.settings import (
    ClassRoute,
    DeploySettings,
    DetectionSettings,
    OperationsSettings,
    StackOutputs,
)

__all__ = [
    "ClassRoute",
    "DeploySettings",
    "DetectionSettings",
    "OperationsSettings",
    "PlannedChange",
    "PlannedResource",
    "StackOutputs",
    "deploy",
    "deploy_operations",
    "destroy",
    "outputs",
    "plan",
    "preview",
]
