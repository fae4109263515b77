"""A plan asks the target where it can, and says what it could not ask, and why."""

import pytest
from botocore.exceptions import ClientError

from scones import config
from scones.aws import Identity, Session
from scones.errors import ConfigError
from scones.project import Project
from scones.steps import planning
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
    monkeypatch.setattr(planning, "account_quotas", denied)
    made = make_plan(project)
    assert (made.changes, made.quotas) == ([], None)
    assert made.unanswered == ("quotas: ListServiceQuotas: AccessDeniedException: not you",)
    assert any("123456789012" in resource.name for resource in made.resources)
