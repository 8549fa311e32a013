"""Which services and resources are named as users of a key."""

import pytest

from awskms_lite.retirement.dependents import (
    Dependent,
    clocked,
    distinct,
    from_arn,
    from_context,
    from_principal,
    from_via_service,
)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"aws:s3:arn": "arn:aws:s3:::bucket"}, "s3 bucket or object arn:aws:s3:::bucket (here)"),
        ({"aws:ebs:id": "vol-0abc"}, "ebs volume vol-0abc (here)"),
        ({"aws:rds:db-id": "db-ABC"}, "rds database db-ABC (here)"),
        ({"aws:rds:dbc-id": "cluster-ABC"}, "rds cluster cluster-ABC (here)"),
        ({"aws:dynamodb:tableName": "orders"}, "dynamodb table orders (here)"),
        ({"SecretARN": "arn:aws:secretsmanager:x"}, "secretsmanager secret arn:aws:secretsmanager:x (here)"),
        ({"PARAMETER_ARN": "arn:aws:ssm:x"}, "ssm parameter arn:aws:ssm:x (here)"),
        ({"aws:sqs:arn": "arn:aws:sqs:x"}, "sqs arn:aws:sqs:x (here)"),
    ],
)
def test_an_encryption_context_names_the_resource(context: dict[str, str], expected: str) -> None:
    """By the pairs that the services pass."""
    assert list(map(str, from_context(context, "here"))) == [expected]


@pytest.mark.parametrize("context", [None, {}, {"team": "shop"}, {"aws:dynamodb:subscriberId": "111122223333"}])
def test_other_contexts_name_nothing(context: dict[str, str] | None) -> None:
    """A program's own pairs, and pairs that name no resource."""
    assert list(from_context(context, "here")) == []


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("s3.amazonaws.com", "s3"),
        ("rds.us-east-2.amazonaws.com", "rds"),
        ("dynamodb.*.amazonaws.com", "dynamodb"),
        ("*.amazonaws.com", "*"),
        ("ec2.cn-north-1.amazonaws.com.cn", "ec2"),
        ("custom.rds.amazonaws.com", "rds"),
        ("kinesisreplication.dynamodb.amazonaws.com", "dynamodb"),
        ("arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS", "rds"),
        (
            "arn:aws-cn:iam::111122223333:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/R",
            "dynamodb",
        ),
        (
            "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
            "autoscaling",
        ),
        ("arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForRDS/session", "rds"),
        ("arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForBackup/session", "backup"),
        ("arn:aws:iam::111122223333:role/rds.amazonaws.com/app", None),
        ("arn:aws:sts::111122223333:assumed-role/rds/session", None),
        ("AWS Internal", None),
        ("arn:aws:iam::111122223333:role/app", None),
        (None, None),
    ],
)
def test_a_service_is_known_by_its_name(name: str | None, service: str | None) -> None:
    """With or without a region, with wildcards too."""
    assert [each.service for each in from_principal(name, "here")] == ([service] if service else [])


@pytest.mark.parametrize(
    ("pattern", "services"),
    [
        ("rds.us-east-1.amazonaws.com", ["rds"]),
        ("RDS.us-east-1.amazonaws.com ", ["rds"]),
        ("rds.us-east-1.amazonaws.*", ["rds"]),
        ("rds.us-iso-east-1.c2s.ic.gov", ["rds"]),
        ("r*s.us-east-1.amazonaws.com", ["rds"]),
        ("r?s.us-east-1.amazonaws.com", ["rds"]),
        ("dynamodb*", ["dynamodb"]),
        ("d*", ["dynamodb"]),
        ("*", ["dynamodb", "rds"]),
        ("**.com", ["dynamodb", "rds"]),
        ("*us-east-1.amazonaws.com", ["dynamodb", "rds"]),
        ("*.us-east-1.amazonaws.com", ["dynamodb", "rds"]),
        ("rdsdata.us-east-1.amazonaws.com", []),
        ("rd.us-east-1.amazonaws.com", []),
        ("s*.us-east-1.amazonaws.com", []),
        ("?.us-east-1.amazonaws.com", []),
        ("", []),
    ],
)
def test_a_wildcard_names_every_service_that_it_may_mean(pattern: str, services: list[str]) -> None:
    """Wherever in the value it stands, since `*` takes in dots too."""
    assert clocked(from_via_service(pattern, "here")) == services


def test_an_arn_names_its_service() -> None:
    """As a grant's SourceArn does."""
    arn = "arn:aws:dynamodb:us-east-2:111122223333:table/orders"
    assert list(from_arn(arn, "grant 1")) == [Dependent("dynamodb", arn, "grant 1")]
    assert list(from_arn(None, "grant 1")) == []


def test_each_is_named_once_and_a_service_alone_only_without_resources() -> None:
    """The first source is kept."""
    named = [
        Dependent("s3", None, "policy"),
        Dependent("rds", None, "policy"),
        Dependent("s3", "bucket a", "grant 1"),
        Dependent("s3", "bucket a", "event"),
    ]
    assert distinct(named) == [named[1], named[2]]


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        (["s3"], []),
        (["rds", "s3"], ["rds"]),
        (["rds", "dynamodb"], ["dynamodb", "rds"]),
        (["*"], ["dynamodb", "rds"]),
    ],
)
def test_the_services_that_do_not_wait_are_known(services: list[str], expected: list[str]) -> None:
    """DynamoDB and RDS; a wildcard may be either."""
    assert clocked(Dependent(name, None, "here") for name in services) == expected
