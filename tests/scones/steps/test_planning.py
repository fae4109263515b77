"""A plan asks the target where it can, and says what it could not ask, and why."""

import pytest
from botocore.exceptions import ClientError

from scones import config
from scones.aws import Identity, Session
from scones.cli import main
from scones.deploy import PlannedChange
from scones.errors import ConfigError, DeployError
from scones.project import Project
from scones.steps import planning, website
from scones.steps.planning import make_plan


@pytest.fixture
def project() -> Project:
    return Project(config.load(profile="aws"))


def test_offline_nobody_is_asked(project, monkeypatch):
    monkeypatch.setattr(Session, "client", lambda *_: pytest.fail("somebody was asked"))
    made = make_plan(project, offline=True)
    assert (made.changes, made.quotas) == (None, None)
    assert {"AWS::Lambda::Function", "AWS::Budgets::Budget"} <= {r.type for r in made.resources}
    assert made.unanswered == ("--offline is given",)


def test_without_credentials_it_is_the_offline_one(project, monkeypatch):
    def nobody(_):
        raise ConfigError("no usable AWS credentials")

    monkeypatch.setattr(Session, "identity", property(nobody))
    made = make_plan(project)
    assert made.changes is None
    assert made.resources == make_plan(project, offline=True).resources
    assert made.unanswered == ("no usable AWS credentials",)


def test_what_may_not_be_asked_is_named(project, monkeypatch):
    def denied(*_):
        said = {"Error": {"Code": "AccessDeniedException", "Message": "not you"}}
        raise ClientError(said, "ListServiceQuotas")

    monkeypatch.setattr(Session, "identity", Identity("123456789012", "arn:aws:iam::user/ada"))
    monkeypatch.setattr(planning, "preview", lambda *_: [])
    monkeypatch.setattr(website, "preview_if_deployed", lambda _: None)
    monkeypatch.setattr(planning, "account_quotas", denied)
    made = make_plan(project)
    assert (made.changes, made.quotas) == ([], None)
    assert made.unanswered == ("quotas: ListServiceQuotas: AccessDeniedException: not you",)
    assert any("123456789012" in resource.name for resource in made.resources)


def test_a_web_site_that_cannot_be_planned_does_not_hide_the_rest(project, monkeypatch):
    def refused(_):
        raise DeployError("there is no platform")

    monkeypatch.setattr(Session, "identity", Identity("123456789012", "arn:aws:iam::user/ada"))
    monkeypatch.setattr(planning, "preview", lambda *_: [])
    monkeypatch.setattr(planning, "account_quotas", lambda *_: [])
    monkeypatch.setattr(website, "preview_if_deployed", refused)
    made = make_plan(project)
    assert (made.changes, made.site_changes) == ([], None)
    assert made.unanswered == ("the web site: there is no platform",)


def test_the_web_site_is_planned_where_there_is_one(project, monkeypatch, capsys):
    change = PlannedChange("change", "Environment", "AWS::ElasticBeanstalk::Environment", "a-site")
    monkeypatch.setattr(Session, "identity", Identity("123456789012", "arn:aws:iam::user/ada"))
    monkeypatch.setattr(planning, "preview", lambda *_: [])
    monkeypatch.setattr(planning, "account_quotas", lambda *_: [])
    monkeypatch.setattr(website, "preview_if_deployed", lambda _: [change])
    assert main(["--profile", "aws", "plan"]) == 0
    said = capsys.readouterr().out
    assert "nothing would change" in said
    assert "by `web deploy`" in said
    assert "a-site" in said
