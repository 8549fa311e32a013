"""Key policies and service control policies of LocalKMS: whom they let do what, and how a refusal reads."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.local_client import OPEN_POLICY, OTHER_ACCOUNT, Client, client, records, trail
from support.local_sts import ROLE, SESSION, ask

from awskms_lite.local import LocalKMS
from awskms_lite.local.auth.policies import Attempt, decide, parse_policy
from awskms_lite.local.errors import ApiError

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OTHER_ROOT = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
USER = f"arn:aws:iam::{ACCOUNT}:user/local"
DAY = timedelta(days=1)
NOW = datetime.now(UTC)

OWNER = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
GUARD = {
    "Effect": "Deny",
    "Action": ["kms:DisableKey", "kms:ScheduleKeyDeletion"],
    "Resource": "*",
    "Condition": {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "90"}},
}


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def statement(**changes: object) -> dict[str, object]:
    """Return a statement that allows the account everything, changed; what is None is left out."""
    return {name: value for name, value in {**OWNER, **changes}.items() if value is not None}


def put(call: Client, key: str, *statements: Mapping[str, object]) -> None:
    """Put a policy, whomever it locks out."""
    call("PutKeyPolicy", KeyId=key, Policy=policy(*statements), BypassPolicyLockoutSafetyCheck=True)


def is_allowed(call: Client, operation: str, **members: object) -> bool:
    """Return whether a call succeeds; if not, it must be a denial."""
    answer = call.send(operation, json.dumps(members).encode())
    assert answer.status == 200 or answer.error == "AccessDeniedException", answer
    return answer.status == 200


# Key policies


def test_what_no_statement_allows_is_refused(kms: LocalKMS, call: Client) -> None:
    """With the text of a missing permission; what is allowed goes on, and other keys too."""
    key, other = kms.add_key(), kms.add_key()
    put(call, key, statement(Action=["kms:Describe*", "kms:PutKeyPolicy"]))
    answer = call.error("EnableKey", KeyId=key)
    assert answer.body == {
        "__type": "AccessDeniedException",
        "Message": f"User: {USER} is not authorized to perform: kms:EnableKey on resource: {key} because no "
        "resource-based policy allows the kms:EnableKey action",
    }
    assert is_allowed(call, "DescribeKey", KeyId=key)
    assert is_allowed(call, "EnableKey", KeyId=other)
    put(call, key, OWNER)
    assert is_allowed(call, "EnableKey", KeyId=key)


def test_an_explicit_deny_wins(kms: LocalKMS, call: Client) -> None:
    """Over every Allow, in either order, with a text of its own, which CloudTrail records."""
    key = kms.add_key(aliases=["alias/mine"])
    deny = statement(Effect="Deny", Action="kms:Encrypt", Principal="*")
    for first, second in ((OWNER, deny), (deny, OWNER)):
        put(call, key, first, second)
        message = call.error("Encrypt", KeyId="alias/mine", Plaintext="eA==").body["Message"]
        assert message == (
            f"User: {USER} is not authorized to perform: kms:Encrypt on resource: {key} with an explicit deny in "
            "a resource-based policy"
        )
        record = records(trail(kms))[0]
        assert (record["errorCode"], record["errorMessage"]) == ("AccessDenied", message)
    assert is_allowed(call, "GenerateDataKey", KeyId=key, KeySpec="AES_256")


def test_the_way_back_can_be_closed(kms: LocalKMS, call: Client) -> None:
    """A policy put on a key that is pending deletion takes the cancel away, and gives it back."""
    key = kms.add_key(state="PendingDeletion")
    put(call, key, statement(Action=["kms:PutKeyPolicy", "kms:GetKeyPolicy"]))
    assert not is_allowed(call, "CancelKeyDeletion", KeyId=key)
    put(call, key, OWNER)
    assert is_allowed(call, "CancelKeyDeletion", KeyId=key)
    assert is_allowed(call, "EnableKey", KeyId=key)


def test_a_key_that_nobody_can_have_back_is_lost(kms: LocalKMS, call: Client) -> None:
    """With the bypass an author can lock itself out, for good."""
    key = kms.add_key()
    put(call, key, statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Gone"}))
    for operation in ("PutKeyPolicy", "GetKeyPolicy", "DescribeKey"):
        assert not is_allowed(call, operation, KeyId=key, Policy=OPEN_POLICY)
    assert key in [each["KeyArn"] for each in call("ListKeys")["Keys"]]
    assert is_allowed(call, "ListAliases", KeyId=key)  # which no key policy decides about


PRINCIPALS = {
    "*": "*",
    "any": {"AWS": "*"},
    "account": {"AWS": OTHER_ACCOUNT},
    "root": {"AWS": ["arn:aws:iam::777788889999:root", OTHER_ROOT]},
    "role": {"AWS": ROLE},
    "session": {"AWS": SESSION},
    "user": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:user/local"},
    "service": {"Service": "s3.amazonaws.com"},
    "other": {"AWS": ROOT},
}


@pytest.mark.parametrize(
    ("name", "user", "session"),
    [
        ("*", True, True),
        ("any", True, True),
        ("account", True, True),
        ("root", True, True),
        ("role", False, True),
        ("session", False, True),
        ("user", True, False),
        ("service", False, False),
        ("other", False, False),
    ],
)
def test_a_principal_is_whom_it_names(
    kms: LocalKMS, call: Client, name: str, *, user: bool, session: bool
) -> None:
    """For another account as for one's own: the account, a role with all its sessions, one session, one user."""
    callers = {
        client(kms, account_id=OTHER_ACCOUNT): user,
        Client(kms, "us-east-1", ask(kms).credentials): session,
    }
    key, own = kms.add_key(), kms.add_key(account_id=OTHER_ACCOUNT)
    allow = statement(Principal=PRINCIPALS[name], Action="kms:DescribeKey")
    put(call, key, OWNER, allow)
    put(client(kms, account_id=OTHER_ACCOUNT), own, allow)
    for caller, expected in callers.items():
        assert is_allowed(caller, "DescribeKey", KeyId=key) == expected
        assert is_allowed(caller, "DescribeKey", KeyId=own) == expected
    put(call, key, OWNER, statement(Principal="*"), {**allow, "Effect": "Deny"})
    for caller, expected in callers.items():
        assert is_allowed(caller, "DescribeKey", KeyId=key) != expected


def test_some_operations_are_for_the_own_account_only(kms: LocalKMS, call: Client) -> None:
    """Whatever the policy allows: reading the usage, tags, policy and aliases, and the acts."""
    key = kms.add_key(aliases=["alias/ours"])
    put(call, key, statement(Principal="*"))
    guest = client(kms, account_id=OTHER_ACCOUNT)
    for operation in (
        "GetKeyLastUsage",
        "GetKeyPolicy",
        "ListResourceTags",
        "ListKeyRotations",
        "DisableKey",
        "EnableKey",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
    ):
        assert not is_allowed(guest, operation, KeyId=key), operation
    alias = key.replace(f"key/{key.rpartition('/')[2]}", "alias/ours")
    assert is_allowed(guest, "Encrypt", KeyId=alias, Plaintext="eA==")
    for operation in ("DescribeKey", "ListGrants", "GetKeyRotationStatus"):
        assert is_allowed(guest, operation, KeyId=key)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Action": "*"}, True),
        ({"Action": "kms:Describe*"}, True),
        ({"Action": "KMS:describekey"}, True),
        ({"Action": ["kms:Encrypt", "kms:?escribeKey"]}, True),
        ({"Action": "kms:DescribeKe"}, False),
        ({"Action": "s3:*"}, False),
        ({"Action": None, "NotAction": "kms:Encrypt"}, True),
        ({"Action": None, "NotAction": ["kms:Desc*"]}, False),
        ({"Resource": "arn:aws:kms:us-east-1:111122223333:key/*"}, True),
        ({"Resource": "arn:aws:kms:eu-west-1:*"}, False),
        ({"Resource": None, "NotResource": "arn:aws:kms:eu-west-1:*"}, True),
        ({"Principal": None, "NotPrincipal": {"AWS": OTHER_ROOT}}, True),
        ({"Principal": None, "NotPrincipal": {"AWS": USER}}, False),
    ],
)
def test_elements_and_their_negations(
    kms: LocalKMS, call: Client, changes: dict[str, object], *, expected: bool
) -> None:
    """Wildcards in actions, in any case, and in resources; a negation covers the rest."""
    key = kms.add_key()
    put(call, key, statement(**changes))
    assert is_allowed(call, "DescribeKey", KeyId=key) == expected


# Conditions


def condition(operator: str, key: str, value: object) -> dict[str, object]:
    return {"Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("ArnEquals", USER, True),
        ("ArnLike", [ROLE, f"arn:aws:iam::{ACCOUNT}:user/*"], True),
        ("ArnNotEquals", USER, False),
        ("ArnNotLike", "arn:aws:iam::*:role/*", True),
        ("StringEquals", USER.upper(), False),
        ("StringEqualsIgnoreCase", USER.upper(), True),
        ("StringNotEqualsIgnoreCase", USER.upper(), False),
        ("StringLike", "arn:*:user/loc?l", True),
        ("StringNotLike", "*", False),
        ("StringNotEquals", [ROLE, USER], False),
        ("Null", "false", True),
        ("Null", True, False),
        ("ForAnyValue:StringEquals", USER, True),
        ("ForAllValues:StringEquals", ROLE, False),
        ("StringEqualsIfExists", USER, True),
        ("IpAddress", "10.0.0.0/8", False),
        ("NotIpAddress", "10.0.0.0/8", False),
    ],
)
def test_conditions_compare_the_caller(
    kms: LocalKMS, call: Client, operator: str, value: object, *, expected: bool
) -> None:
    """Each operator over aws:PrincipalArn; one that LocalKMS does not know never holds."""
    key = kms.add_key()
    put(call, key, statement(**condition(operator, "AWS:principalARN", value)))
    assert is_allowed(call, "DescribeKey", KeyId=key) == expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("NumericLessThan", False),
        ("Null", False),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
    ],
)
def test_no_direct_call_comes_through_a_service(
    kms: LocalKMS, call: Client, operator: str, *, expected: bool
) -> None:
    """kms:ViaService has no value, so what is allowed through a service only is refused."""
    key = kms.add_key()
    via = condition(operator, "kms:ViaService", "false" if operator == "Null" else "s3.us-east-1.amazonaws.com")
    put(call, key, statement(Action="kms:PutKeyPolicy"), statement(**via))
    assert is_allowed(call, "Encrypt", KeyId=key, Plaintext="eA==") == expected


def test_a_session_has_the_arn_of_its_role(kms: LocalKMS) -> None:
    """With the role's path, in aws:PrincipalArn; and its account in kms:CallerAccount."""
    owner = client(kms, account_id=OTHER_ACCOUNT)
    session = Client(kms, "us-east-1", ask(kms).credentials)
    for name, value in (("aws:PrincipalArn", ROLE), ("kms:CallerAccount", OTHER_ACCOUNT)):
        key = kms.add_key(account_id=OTHER_ACCOUNT)
        allow = statement(Principal={"AWS": OTHER_ROOT}, **condition("StringEquals", name, value))
        put(owner, key, allow)
        assert is_allowed(session, "DescribeKey", KeyId=key)
        assert is_allowed(owner, "DescribeKey", KeyId=key) == (name == "kms:CallerAccount")


@pytest.mark.parametrize("by", ["key policy", "service control policy"])
@pytest.mark.parametrize("operation", ["DisableKey", "ScheduleKeyDeletion"])
@pytest.mark.parametrize(
    ("past", "is_protected"),
    [
        ({"created": NOW - 200 * DAY, "last_usage": NOW - 90 * DAY - timedelta(hours=23)}, True),
        ({"created": NOW - 200 * DAY, "last_usage": NOW - 91 * DAY - timedelta(hours=1)}, False),
        ({"created": NOW - timedelta(hours=1)}, True),  # never used has the value 0 on its first day
        ({"created": NOW - 91 * DAY - timedelta(hours=1)}, False),
        ({"created": NOW - 500 * DAY, "tracking_start": NOW - 50 * DAY}, True),
        ({"created": NOW - 500 * DAY, "tracking_start": NOW - 100 * DAY}, False),
        ({"created": NOW - 50 * DAY, "tracking_start": NOW - 100 * DAY}, True),
    ],
)
def test_a_guard_protects_a_key_by_its_last_use(
    kms: LocalKMS, call: Client, by: str, operation: str, past: dict[str, Any], *, is_protected: bool
) -> None:
    """90 whole days since the use, else since the creation or the start of tracking, whichever is later."""
    key = kms.add_key(**past)
    if by == "key policy":
        put(call, key, OWNER, {**GUARD, "Principal": "*"})
    else:
        kms.set_scp(policy(GUARD))
    answer = call.send(operation, json.dumps({"KeyId": key}).encode())
    assert (answer.status == 400) == is_protected, answer
    if is_protected:
        text = "resource-based policy" if by == "key policy" else "service control policy"
        assert answer.body["Message"] == (
            f"User: {USER} is not authorized to perform: kms:{operation} on resource: {key} with an explicit deny "
            f"in a {text}"
        )


def test_a_guard_moves_with_the_clock_and_with_use(kms: LocalKMS, call: Client) -> None:
    """What time opens, a use closes again; the condition has no value for another action."""
    key = kms.add_key()
    kms.set_scp(policy({**GUARD, "Action": "kms:*"}))
    assert not is_allowed(call, "DisableKey", KeyId=key)
    assert is_allowed(call, "Encrypt", KeyId=key, Plaintext="eA==")
    kms.advance(91 * DAY)
    assert is_allowed(call, "DisableKey", KeyId=key)
    assert is_allowed(call, "EnableKey", KeyId=key)
    assert is_allowed(call, "Encrypt", KeyId=key, Plaintext="eA==")
    assert not is_allowed(call, "DisableKey", KeyId=key)


@pytest.mark.parametrize(("days", "expected"), [(7, False), (29, False), (30, True), (None, True)])
def test_short_windows_can_be_denied(kms: LocalKMS, call: Client, days: int | None, *, expected: bool) -> None:
    """kms:ScheduleKeyDeletionPendingWindowInDays is the window of the request, 30 without one."""
    key = kms.add_key()
    short = condition("NumericLessThan", "kms:ScheduleKeyDeletionPendingWindowInDays", 30)
    kms.set_scp(policy({**GUARD, **short}))
    assert is_allowed(call, "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=days) == expected


# Service control policies


def test_a_control_policy_is_over_an_account(kms: LocalKMS, call: Client) -> None:
    """Its users, sessions and their calls about no key; not another account; until it is removed."""
    deny = {"Effect": "Deny", "Action": ["kms:ListKeys", "kms:CreateKey", "cloudtrail:*"], "Resource": "*"}
    kms.set_scp({"Version": "2012-10-17", "Statement": deny}, account_id=OTHER_ACCOUNT)
    there = client(kms, account_id=OTHER_ACCOUNT)
    session = Client(kms, "us-east-1", ask(kms).credentials)
    for caller in (there, session):
        for operation in ("ListKeys", "CreateKey"):
            message = caller.error(operation).body["Message"]
            assert message.endswith(
                f"kms:{operation} on resource: * with an explicit deny in a service control policy"
            )
        assert is_allowed(caller, "ListAliases")
    answer = trail(kms, account_id=OTHER_ACCOUNT).error("LookupEvents")
    assert "cloudtrail:LookupEvents on resource: * with an explicit deny in a service" in answer.body["Message"]
    assert is_allowed(call, "ListKeys")
    kms.set_scp(None, account_id=OTHER_ACCOUNT)
    assert is_allowed(there, "ListKeys")


def test_a_control_policy_is_over_the_callers_account(kms: LocalKMS, call: Client) -> None:
    """Not over that of the key's owner; and it goes before what the key policy says."""
    key = kms.add_key()
    put(call, key, statement(Principal="*"), statement(Effect="Deny", Action="kms:Encrypt"))
    kms.set_scp(policy({"Effect": "Deny", "Action": "kms:*", "Resource": key}))
    assert is_allowed(client(kms, account_id=OTHER_ACCOUNT), "DescribeKey", KeyId=key)
    for operation, members in {"DescribeKey": {}, "Encrypt": {"Plaintext": "eA=="}}.items():
        message = call.error(operation, KeyId=key, **members).body["Message"]
        assert message.endswith("with an explicit deny in a service control policy")
    assert is_allowed(call, "DescribeKey", KeyId=kms.add_key())


def test_a_control_policy_replaces_the_one_before_and_allows_nothing(kms: LocalKMS, call: Client) -> None:
    """Only its Deny statements count."""
    kms.set_scp(policy({"Effect": "Deny", "Action": "kms:ListKeys", "Resource": "*"}))
    kms.set_scp(policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))
    assert is_allowed(call, "ListKeys")
    kms.set_scp(policy({"Effect": "Deny", "NotAction": "kms:DescribeKey", "Resource": "*"}))
    assert not is_allowed(call, "ListKeys")
    kms.allow()  # which removes IAM's denials alone
    assert not is_allowed(call, "ListKeys")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("deny", "not a JSON object"),
        (7, "not JSON"),
        ({}, "no Statement"),
        ({"Statement": {"Effect": "Forbid", "Action": "*", "Resource": "*"}}, "Invalid effect"),
        ({"Statement": {"Effect": "Deny", "Resource": "*"}}, "Missing required field Action"),
        ({"Statement": {**GUARD, "Condition": {"NumericLessThan": "90"}}}, "Invalid condition operator"),
        ({"Statement": {**GUARD, "Condition": ["x"]}}, "Condition is not an object"),
        ({"Statement": [object()]}, "not JSON"),
    ],
)
def test_an_invalid_control_policy_is_refused(kms: LocalKMS, given: Any, words: str) -> None:
    """A ValueError at once."""
    with pytest.raises(ValueError, match=words):
        kms.set_scp(given)
    with pytest.raises(ValueError, match="12 digits"):
        kms.set_scp(policy(GUARD), account_id="1")


def test_an_answer_of_the_test_is_for_those_who_may(kms: LocalKMS, call: Client) -> None:
    """The policy of the key that it is about comes first."""
    key = kms.add_key(spec="ECC_NIST_P256")
    kms.answer("Sign", {}, times=None)
    put(call, key, OWNER, statement(Effect="Deny", Action="kms:Sign"))
    assert not is_allowed(call, "Sign", KeyId=key)
    put(call, key, OWNER)
    assert is_allowed(call, "Sign", KeyId=key)


def test_a_denial_of_iam_is_beside_both(kms: LocalKMS, call: Client) -> None:
    """`deny` refuses what a key policy allows, and what it allows stays with the key policy."""
    key = kms.add_key()
    put(call, key, statement(Principal="*"))
    kms.deny("DescribeKey")
    assert not is_allowed(call, "DescribeKey", KeyId=key)
    kms.allow()
    assert is_allowed(call, "DescribeKey", KeyId=key)


@given(
    text=st.text(max_size=20),
    operator=st.sampled_from(
        ["NumericEquals", "NumericNotEquals", "NumericLessThan", "Bool", "StringLike", "ArnNotLike", "Null"]
    ),
    value=st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
)
def test_any_condition_is_decided(text: str, operator: str, value: object) -> None:
    """There is no value of a condition that does anything but hold or not, or is refused as malformed."""
    document = policy(statement(**condition(operator, "kms:X", value)))
    attempt = Attempt("kms:DescribeKey", "*", [ROOT], lambda name: text if name == "kms:x" else None)
    try:
        assert decide(parse_policy(document), attempt) in (True, None)
    except ApiError as error:
        assert error.code == "MalformedPolicyDocumentException"  # noqa: PT017
