"""`scones web`: the site, here and on AWS."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.confirmation import confirm, yes_option
from scones.notebook.server import require_free
from scones.profiles import LOOPBACK_HOST
from scones.site import serving
from scones.steps import website


@click.group()
def web() -> None:
    """Show the detector to people: a web site."""


@web.command()
@click.option("--port", type=click.IntRange(1, 65535), default=serving.PORT, show_default=True)
@click.option("--host", default=LOOPBACK_HOST, show_default=True, help="0.0.0.0 in a container.")
@click.option("--browser/--no-browser", default=True, help="Open a browser.")
@json_option
@pass_invocation
def serve(invocation: Invocation, *, port: int, host: str, browser: bool, as_json: bool) -> None:
    """Serve the site on this machine, in front of the profile's REST API, until Ctrl-C."""
    require_free(port)
    with invocation.project() as (project, terminal):
        terminal.headline("Starting the site")
        with _ended_by_sigterm(), website.serve(project, port, host) as site:
            url = site.await_answer()
            try:  # from the first word on: it may be answered by Ctrl-C
                terminal.result({"url": url, "log": str(site.log)}, url, as_json=as_json)
                terminal.note("Ctrl-C ends it")
                if (origin := url.rstrip("/")) not in project.settings.target.site_origins:
                    terminal.next_step(
                        "scones deploy",
                        f"with {origin} among site_origins in scones.toml: "
                        "else S3 takes no uploads",
                    )
                if browser:
                    click.launch(url)
                website.keep(project, site)
            except KeyboardInterrupt:
                terminal.note("ending the site")


@web.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=Path("site.zip"))
@json_option
@pass_invocation
def bundle(invocation: Invocation, file: Path, *, as_json: bool) -> None:
    """Write the site's source bundle for Elastic Beanstalk: one zip file, site.zip by default."""
    with invocation.project() as (_, terminal):
        release = website.write_bundle(file)
        terminal.result({"bundle": str(file), "release": release}, str(file), as_json=as_json)


@web.command()
@yes_option
@json_option
@pass_invocation
def deploy(invocation: Invocation, *, yes: bool, as_json: bool) -> None:
    """Deploy the site to Elastic Beanstalk by change set; no change, no work."""
    with invocation.project() as (project, terminal):
        website.require_elastic_beanstalk(project)
        changes = website.preview(project)
        for each in changes:
            why = f" ({', '.join(each.why)})" if each.why else ""
            terminal.note(f"{each.action} {each.logical_id}, {each.type}{why}")
        if not changes:
            terminal.note("nothing would change")
        confirm(project, terminal, "creates or changes the web site", yes=yes)
        terminal.headline("Deploying the site")
        site = website.deploy(project)
        terminal.result(asdict(site), site.url, as_json=as_json)
        terminal.note(f"log in as admin; the password is in {site.password_arn}")
        terminal.next_step(
            "scones --profile aws deploy",
            f'with site_origins = ["{site.url}"] in scones.toml, so that its pages may upload',
        )


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C inside, so that no server is left behind."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
