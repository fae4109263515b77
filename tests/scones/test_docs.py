"""What can be set or run is documented."""

import re
from pathlib import Path

import click

from scones.cli.app import cli
from scones.config import (
    ApiSettings,
    DetectorSettings,
    EtlSettings,
    Settings,
    TrainingSettings,
    TuningSettings,
)
from scones.profiles import PROFILES, Profile

DOCS = Path(__file__).parents[2] / "docs"


TABLES = {
    "etl": EtlSettings,
    "training": TrainingSettings,
    "tuning": TuningSettings,
    "detector": DetectorSettings,
    "api": ApiSettings,
}


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text()
    names = {name for name in Settings.model_fields if name not in TABLES}
    for table, model in TABLES.items():
        names |= {f"{table}.{name}" for name in model.model_fields}
    names |= set(Profile.model_fields)
    documented = set(re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE))
    assert names <= documented
    assert {name for name in documented if not name.startswith("SCONES_")} <= names


def test_the_profile_table_shows_the_profiles_values() -> None:
    text = (DOCS / "settings.md").read_text()
    for field in ("localstack_port", "sagemaker_port", "smtp_port", "inbox_port", "supervised"):
        row = re.search(rf"^\| `{field}` \|(.*?)\|(.*?)\|(.*?)\|", text, re.MULTILINE)
        assert row is not None
        for cell, profile in zip(row.groups(), ("local", "docker", "aws"), strict=True):
            value = getattr(PROFILES[profile], field)
            assert cell.strip() == ("-" if value is None else str(value).lower())


def test_every_command_and_option_is_documented() -> None:
    text = (DOCS / "commands.md").read_text()
    missing = []
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    while commands:
        name, command = commands.popitem()
        assert command is not None
        missing += [] if f"`scones {name}" in text else [name]
        nested = getattr(command, "commands", {})
        commands |= {f"{name} {inner}": found for inner, found in nested.items()}
        for parameter in command.params:
            missing += [f"{name} {o}" for o in parameter.opts if o[:2] == "--" and o not in text]
    assert not missing


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]
    assert len(pages) > 5
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page} links to {target}"
