"""Each kind of thing that a stack makes, or Elastic Beanstalk for it, is known by its ARN.

LocalStack has none of the services below; moto has. The kinds that LocalStack has are in
`test_tagged.py`.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from scones.aws import Session
from scones.deploy import arns
from scones.deploy.kinds import kind_of
from scones.deploy.tagged import is_there, remove
from scones.errors import DeployError
from scones.profiles import PROFILES
from tests.scones.deploy.test_template import TEMPLATES

PLACE = "us-east-1:123456789012"

# Of each type in the templates: an ARN by which AWS's tagging API may name it; None where it
# cannot, because the type takes no tags.
ARNS = {
    "AWS::ApiGateway::Account": None,
    "AWS::ApiGateway::ApiKey": "arn:aws:apigateway:us-east-1::/apikeys/k",
    "AWS::ApiGateway::Deployment": None,
    "AWS::ApiGateway::RestApi": "arn:aws:apigateway:us-east-1::/restapis/a",
    "AWS::ApiGateway::Stage": "arn:aws:apigateway:us-east-1::/restapis/a/stages/v1",
    "AWS::ApiGateway::UsagePlan": "arn:aws:apigateway:us-east-1::/usageplans/p",
    "AWS::ApiGateway::UsagePlanKey": None,
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        f"arn:aws:application-autoscaling:{PLACE}:scalable-target/1"
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": None,
    "AWS::Budgets::Budget": "arn:aws:budgets::123456789012:budget/b",
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{PLACE}:alarm:a",
    "AWS::CloudWatch::Dashboard": None,
    "AWS::ElasticBeanstalk::Application": f"arn:aws:elasticbeanstalk:{PLACE}:application/a",
    "AWS::ElasticBeanstalk::ApplicationVersion": (
        f"arn:aws:elasticbeanstalk:{PLACE}:applicationversion/a/1"
    ),
    "AWS::ElasticBeanstalk::Environment": f"arn:aws:elasticbeanstalk:{PLACE}:environment/a/e",
    "AWS::Events::Rule": f"arn:aws:events:{PLACE}:rule/r",
    "AWS::IAM::InstanceProfile": "arn:aws:iam::123456789012:instance-profile/p",
    "AWS::IAM::Role": "arn:aws:iam::123456789012:role/r",
    "AWS::Lambda::EventInvokeConfig": None,
    "AWS::Lambda::Function": f"arn:aws:lambda:{PLACE}:function:f",
    "AWS::Lambda::LayerVersion": None,
    "AWS::Lambda::Permission": None,
    "AWS::Logs::LogGroup": f"arn:aws:logs:{PLACE}:log-group:/g",
    "AWS::S3::Bucket": "arn:aws:s3:::b",
    "AWS::S3::BucketPolicy": None,
    "AWS::SNS::Subscription": None,
    "AWS::SNS::Topic": f"arn:aws:sns:{PLACE}:t",
    "AWS::SNS::TopicPolicy": None,
    "AWS::SQS::Queue": f"arn:aws:sqs:{PLACE}:q",
    "AWS::SQS::QueuePolicy": None,
    "AWS::SSM::Parameter": f"arn:aws:ssm:{PLACE}:parameter/p/x",
    "AWS::Scheduler::Schedule": None,
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{PLACE}:secret:s-abcdef",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{PLACE}:stateMachine:m",
}


def test_every_type_of_the_templates_is_known_or_takes_no_tags() -> None:
    types = {r["Type"] for resources in TEMPLATES.values() for r in resources.values()}
    assert types == set(ARNS)
    unknown = [kind for kind, arn in ARNS.items() if arn and kind_of(arns.read(arn)) is None]
    assert unknown == []
    deletable = [a for a in ARNS.values() if a and kind_of(arns.read(a)).delete is None]
    assert deletable == []


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with mock_aws():
        yield Session(PROFILES["aws"])


def make_alarm(aws: Session) -> str:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="of:mine",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        Statistic="Sum",
        Threshold=1,
    )
    return str(cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmArn"])


def make_rule(aws: Session) -> str:
    events = aws.client("events")
    events.create_event_bus(Name="bus")
    arn = events.put_rule(Name="mine", EventBusName="bus", EventPattern='{"source": ["a"]}')
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{PLACE}:q"}
    events.put_targets(Rule="mine", EventBusName="bus", Targets=[target])
    return str(arn["RuleArn"])


def make_scalable_target(aws: Session) -> str:
    sagemaker, scaling = aws.client("sagemaker"), aws.client("application-autoscaling")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "m",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/m:1"}
    role = "arn:aws:iam::123456789012:role/r"
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer=container)
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/e/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=2,
    )
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return str(found["ScalableTargetARN"])


def make_budget(aws: Session) -> str:
    budget = {"BudgetName": "monthly", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    limit = {"BudgetLimit": {"Amount": "50", "Unit": "USD"}}
    aws.client("budgets").create_budget(AccountId=aws.account, Budget=budget | limit)
    return f"arn:aws:budgets::{aws.account}:budget/monthly"


GRANT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "a"}, "Action": "sts:AssumeRole"}


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(aws: Session) -> str:
    iam = aws.client("iam")
    trust, grant = policy(TRUST), policy(GRANT)
    arn = iam.create_role(RoleName="mine", Path="/of/it/", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="mine", PolicyName="p", PolicyDocument=grant)
    return str(arn["Role"]["Arn"])


def make_instance_profile(aws: Session) -> str:
    iam = aws.client("iam")
    make_role(aws)
    arn = iam.create_instance_profile(InstanceProfileName="instances")["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName="instances", RoleName="mine")
    return str(arn)


DELETABLE = (
    make_alarm,
    make_budget,
    make_instance_profile,
    make_role,
    make_rule,
    make_scalable_target,
)


@pytest.mark.parametrize("make", DELETABLE)
def test_what_was_made_is_there_until_it_is_deleted(aws: Session, make: Any) -> None:
    arn = make(aws)
    assert is_there(aws, arn)
    remove(aws, arn)
    assert not is_there(aws, arn)


def network(aws: Session) -> tuple[str, list[str]]:
    """A VPC and two subnets of it."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = (("10.0.0.0/24", "us-east-1a"), ("10.0.1.0/24", "us-east-1b"))
    return vpc, [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for block, zone in zones
    ]


def make_instance(aws: Session) -> tuple[str, Any]:
    ec2 = aws.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    return f"ec2:{PLACE}:instance/{made}", lambda: ec2.terminate_instances(InstanceIds=[made])


def make_address(aws: Session) -> tuple[str, Any]:
    ec2 = aws.client("ec2")
    made = ec2.allocate_address(Domain="vpc")["AllocationId"]
    return f"ec2:{PLACE}:elastic-ip/{made}", lambda: ec2.release_address(AllocationId=made)


def make_volume(aws: Session) -> tuple[str, Any]:
    ec2 = aws.client("ec2")
    made = ec2.create_volume(AvailabilityZone="us-east-1a", Size=10)["VolumeId"]
    return f"ec2:{PLACE}:volume/{made}", lambda: ec2.delete_volume(VolumeId=made)


def make_security_group(aws: Session) -> tuple[str, Any]:
    ec2 = aws.client("ec2")
    made = ec2.create_security_group(GroupName="g", Description="g", VpcId=network(aws)[0])
    group = made["GroupId"]
    return f"ec2:{PLACE}:security-group/{group}", lambda: ec2.delete_security_group(GroupId=group)


def make_network_interface(aws: Session) -> tuple[str, Any]:
    ec2 = aws.client("ec2")
    made = ec2.create_network_interface(SubnetId=network(aws)[1][0])["NetworkInterface"]
    name = made["NetworkInterfaceId"]
    arn = f"ec2:{PLACE}:network-interface/{name}"
    return arn, lambda: ec2.delete_network_interface(NetworkInterfaceId=name)


def make_launch_template(aws: Session) -> tuple[str, Any]:
    ec2 = aws.client("ec2")
    data = {"InstanceType": "t3.small"}
    made = ec2.create_launch_template(LaunchTemplateName="t", LaunchTemplateData=data)
    name = made["LaunchTemplate"]["LaunchTemplateId"]
    arn = f"ec2:{PLACE}:launch-template/{name}"
    return arn, lambda: ec2.delete_launch_template(LaunchTemplateId=name)


def make_group(aws: Session) -> tuple[str, Any]:
    autoscaling = aws.client("autoscaling")
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="c", ImageId="ami-12c6146b", InstanceType="t3.small"
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="mine",
        LaunchConfigurationName="c",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-east-1a"],
    )
    (found,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    arn = str(found["AutoScalingGroupARN"]).removeprefix("arn:aws:")
    return arn, lambda: autoscaling.delete_auto_scaling_group(AutoScalingGroupName="mine")


def make_load_balancer(aws: Session) -> tuple[str, Any]:
    elbv2 = aws.client("elbv2")
    made = elbv2.create_load_balancer(Name="mine", Subnets=network(aws)[1])["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    return arn.removeprefix("arn:aws:"), lambda: elbv2.delete_load_balancer(LoadBalancerArn=arn)


def make_target_group(aws: Session) -> tuple[str, Any]:
    elbv2 = aws.client("elbv2")
    made = elbv2.create_target_group(Name="mine", Protocol="HTTP", Port=80, VpcId=network(aws)[0])
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    return arn.removeprefix("arn:aws:"), lambda: elbv2.delete_target_group(TargetGroupArn=arn)


OWNED = (
    make_address,
    make_group,
    make_instance,
    make_launch_template,
    make_load_balancer,
    make_network_interface,
    make_security_group,
    make_target_group,
    make_volume,
)


@pytest.mark.parametrize("make", OWNED)
def test_what_goes_with_the_site_is_seen_to_have_gone(aws: Session, make: Any) -> None:
    rest, end = make(aws)
    arn = f"arn:aws:{rest}"
    assert is_there(aws, arn)
    with pytest.raises(DeployError, match="carries the tag scones:project and is of a kind"):
        remove(aws, arn)
    end()
    assert not is_there(aws, arn)
