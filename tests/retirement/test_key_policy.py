"""What a key policy says for certain: the way back, guards, and services."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.retirement_data import ACCOUNT, ARN, CALLER, ROOT, policy

from awskms_lite.retirement.key_policy import Access, KeyPolicy, Parties

PARTIES = Parties(ACCOUNT, CALLER)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Retire"
BOTH = ["kms:CancelKeyDeletion", "kms:EnableKey"]
OTHER = "arn:aws:iam::444455556666:root"


def statement(effect: str = "Allow", **members: Any) -> dict[str, Any]:
    known = {"Effect": effect, "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    return {name: value for name, value in {**known, **members}.items() if value is not None}


def way_back(*statements: dict[str, Any], parties: Parties = PARTIES) -> Access:
    return KeyPolicy(policy(*statements)).way_back(ARN, parties)


@pytest.mark.parametrize(
    "allow",
    [
        statement(),
        statement(Principal={"AWS": ACCOUNT}),
        statement(Principal={"AWS": [OTHER, ROOT]}),
        statement(Principal="*"),
        statement(Principal={"AWS": "*"}),
        statement(Principal={"AWS": ROLE}),
        statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/team/Retire"}),
        statement(Principal={"AWS": CALLER}),
        statement(Action=BOTH),
        statement(Action=["KMS:cancelkeydeletion", "kms:Enable*"]),
        statement(Action="*"),
        statement(Action=None, NotAction="kms:PutKeyPolicy"),
        statement(Resource=ARN),
        statement(Resource=["arn:aws:kms:*:*:key/*"]),
        statement(Resource=None),
    ],
)
def test_the_way_back_is_open(allow: dict[str, Any]) -> None:
    """An unconditional statement for the account or the caller is enough, in each form that IAM takes."""
    assert way_back(allow) is Access.OPEN


def test_two_statements_together_open_it() -> None:
    """One may allow to cancel, and another one to enable."""
    allowed = [statement(Action=action) for action in BOTH]
    assert way_back(*allowed) is Access.OPEN
    assert way_back(allowed[0]) is Access.CLOSED


@pytest.mark.parametrize(
    "statements",
    [
        [statement(Principal={"AWS": OTHER})],
        [statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Other"})],
        [statement(Principal={"AWS": "arn:aws:iam::444455556666:role/Retire"})],
        [statement(Principal={"Service": "s3.amazonaws.com"})],
        [statement(Action="kms:EnableKey")],
        [statement(Action=["kms:Describe*", "kms:EnableKeyRotation", "kms:CancelKeyDeletion"])],
        [statement(Action=None, NotAction="kms:Enable*")],
        [statement(Resource="arn:aws:kms:us-east-2:111122223333:key/other")],
        [statement(), statement("Deny", Principal="*", Action="kms:CancelKeyDeletion")],
        [statement(), statement("Deny", Principal={"AWS": ROLE}, Action=BOTH)],
        [statement("Deny")],
    ],
)
def test_the_way_back_is_closed(statements: list[dict[str, Any]]) -> None:
    """No statement for account or caller, or one that denies without conditions."""
    assert way_back(*statements) is Access.CLOSED


@pytest.mark.parametrize(
    "statements",
    [
        [statement(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
        [
            statement(),
            statement("Deny", Principal="*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
        ],
        [statement(), statement("Deny", Principal=None, NotPrincipal={"AWS": ROLE}, Action=BOTH)],
        [statement(Principal=None, NotPrincipal={"AWS": OTHER})],
    ],
)
def test_what_depends_on_conditions_is_not_certain(statements: list[dict[str, Any]]) -> None:
    """Conditions and NotPrincipal are not evaluated, so nothing is said for certain."""
    assert way_back(*statements) is Access.CONDITIONAL


def test_a_denial_for_somebody_else_changes_nothing() -> None:
    """It neither closes the account's way back nor the caller's."""
    assert way_back(statement(), statement("Deny", Principal={"AWS": f"{ROOT[:-4]}role/Other"})) is Access.OPEN


def test_names_of_elements_are_read_in_any_case() -> None:
    """A denial must not be overlooked for its capitals."""
    denial = {"effect": "Deny", "PRINCIPAL": "*", "action": "kms:EnableKey", "resource": "*"}
    assert way_back(statement(), denial) is Access.CLOSED


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        (ROOT, ROOT),
        (f"arn:aws:iam::{ACCOUNT}:user/ops/ann", f"arn:aws:iam::{ACCOUNT}:user/ops/ann"),
        ("arn:aws-cn:sts::111122223333:assumed-role/R/s", "arn:aws-cn:iam::111122223333:role/R"),
    ],
)
def test_each_kind_of_caller_is_found(caller: str, principal: str) -> None:
    """Roots, users and sessions of roles, in any partition."""
    assert way_back(statement(Principal={"AWS": principal}), parties=Parties(ACCOUNT, caller)) is Access.OPEN


def test_without_a_caller_the_account_counts() -> None:
    """Nobody may be known who calls."""
    assert way_back(statement(Principal={"AWS": ROLE}), parties=Parties(ACCOUNT)) is Access.CLOSED


def guard(operator: str = "NumericLessThanEquals", value: Any = "90", **more: Any) -> dict[str, Any]:
    condition = {operator: {"kms:TrailingDaysWithoutKeyUsage": value}, **more}
    return statement(
        "Deny", Principal="*", Action=["kms:DisableKey", "kms:ScheduleKeyDeletion"], Condition=condition
    )


@pytest.mark.parametrize(
    ("denial", "days", "refuses"),
    [
        (guard(), 90, True),
        (guard(), 91, False),
        (guard("NumericLessThan"), 90, False),
        (guard("NumericLessThan"), 89, True),
        (guard("numericlessthanifexists", 90), 89, True),
        (guard(value=["30", "90"]), 60, True),
        (guard("NumericGreaterThan"), 100, None),
        (guard(value="soon"), 1, None),
        (guard(ArnNotLike={"aws:PrincipalArn": "arn:*:role/Breakglass"}), 10, None),
        (guard(ArnNotLike={"aws:PrincipalArn": "arn:*:role/Breakglass"}), 100, False),
        ({**guard(), "Principal": {"AWS": OTHER}}, 10, False),
        ({**guard(), "Action": "kms:PutKeyPolicy"}, 10, False),
        ({**guard(), "Effect": "Allow"}, 10, False),
        (statement("Deny", Principal="*", Action="kms:Disable*"), 10, False),
    ],
)
def test_a_guard_is_read_as_far_as_it_can_be(denial: dict[str, Any], days: int, refuses: bool | None) -> None:
    """By its number and its operator; other conditions and operators make it uncertain."""
    assert KeyPolicy(policy(statement(), denial)).guard("kms:DisableKey", ARN, PARTIES, days) is refuses


def test_services_that_the_policy_names_are_found() -> None:
    """In any statement, under any operator, each once."""
    text = policy(
        statement(
            Condition={"StringEquals": {"kms:ViaService": ["s3.us-east-2.amazonaws.com", "rds.*.amazonaws.com"]}}
        ),
        statement("Deny", Condition={"StringNotEquals": {"KMS:viaservice": "s3.us-east-2.amazonaws.com"}}),
    )
    assert KeyPolicy(text).services() == ["s3.us-east-2.amazonaws.com", "rds.*.amazonaws.com"]


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"Statement": "all"}', '{"Statement": [1]}', "[" * 100000]
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    """It could be misread as one that denies nothing."""
    with pytest.raises(ValueError, match="not a policy"):
        KeyPolicy(text)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["*", ROOT, "kms:*", "Allow"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
elements = st.sampled_from(["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition"])


@given(st.lists(st.dictionaries(elements, json_values, max_size=6), max_size=4))
def test_no_statement_is_an_error(statements: list[dict[str, Any]]) -> None:
    """Whatever a policy holds, there is an answer; and what denies nothing and allows nothing is not open."""
    read = KeyPolicy(json.dumps({"Statement": statements}))
    access = read.way_back(ARN, PARTIES)
    if not any(each.get("Effect") == "Allow" for each in statements):
        assert access is Access.CLOSED
    read.guard("kms:DisableKey", ARN, PARTIES, 1)
    read.services()
