"""`scones notebook`."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.notebook.server import Server, require_free, require_jupyter
from scones.notebook.workspace import Workspace, prepare
from scones.steps import services

FOLDER = Path("my-notebooks")


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Yours: gets a copy of the notebook, and keeps your edits.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 8888 or the next free one]")
@click.option("--browser/--no-browser", default=True, help="Open a browser.")
@json_option
@pass_invocation
def notebook(
    invocation: Invocation, *, folder: Path, port: int | None, browser: bool, as_json: bool
) -> None:
    """Open the walkthrough in JupyterLab, with kernel, session and a sample image ready."""
    require_jupyter()
    if port is not None:
        require_free(port)
    with invocation.project() as (project, terminal):
        workspace = prepare(project, folder, invocation.config_file)
        for name in workspace.kept:
            terminal.note(f"{workspace.folder / name} is there already, and stays as it is")
        terminal.headline("Starting the services and JupyterLab")
        services.have_running(project)
        log = project.state_dir / "logs" / "notebook.log"
        with _ended_by_sigterm(), Server(workspace, log, port, browser=browser) as server:
            url = server.await_answer()
            try:  # from the first word on: it may be answered by Ctrl-C
                terminal.result(_document(workspace, url), url, as_json=as_json)
                terminal.note("Ctrl-C ends JupyterLab; the services go on")
                server.wait()
            except KeyboardInterrupt:
                terminal.note("ending JupyterLab")
        stop_command = project.settings.target.stop_command
        if stop_command is not None:
            terminal.next_step(stop_command, "stops the services, too")


def _document(workspace: Workspace, url: str) -> dict[str, Any]:
    return {"url": url, "folder": str(workspace.folder), "kept": list(workspace.kept)}


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C inside, so that no JupyterLab is left behind."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
