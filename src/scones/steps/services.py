"""Start and stop the offline stack; put back what LocalStack forgets."""

from scones.emulation import stack
from scones.emulation.process import ServiceStatus
from scones.project import Project
from scones.steps import infrastructure


def up(project: Project) -> list[ServiceStatus]:
    """Start the services and redeploy what was deployed; LocalStack forgets it."""
    running = stack.up(project.specs, reporter=project.reporter)
    if project.deployed_marker.exists():
        infrastructure.deploy(project)
    return running


def have_running(project: Project) -> None:
    """Return once the target's services answer: started where they are ours to start.

    Raises:
        StackError: One cannot start, or is not there; the message names what starts it.
    """
    if project.settings.target.supervised:
        up(project)
    else:
        project.require_services()


def down(project: Project) -> list[str]:
    """Stop the services, and return which ran; the state folder stays."""
    return stack.down(project.specs, reporter=project.reporter)
