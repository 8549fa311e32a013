"""Key policies of LocalKMS's keys."""

import json

import pytest
from hypothesis import given, strategies as st
from support.local_client import OPEN_POLICY as POLICY, OTHER_ACCOUNT, Client, client
from support.local_sts import session_credentials

from awskms_lite import KMSClient, MalformedPolicyDocumentException
from awskms_lite.local import LocalKMS
from awskms_lite.local.errors import ApiError
from awskms_lite.local.kms.policy_documents import check_policy

MALFORMED = "MalformedPolicyDocumentException"
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
ROOT = "arn:aws:iam::111122223333:root"


def test_a_key_has_the_default_policy_until_it_gets_another(kms: LocalKMS) -> None:
    """The default policy leaves all to the account, and a policy that was put comes back letter by letter."""
    key = kms.add_key(region="cn-north-1")
    call = client(kms, region="cn-north-1")
    default = call("GetKeyPolicy", KeyId=key)
    assert default["PolicyName"] == "default"
    statement = json.loads(default["Policy"])["Statement"][0]
    assert (statement["Principal"], statement["Action"]) == ({"AWS": "arn:aws-cn:iam::111122223333:root"}, "kms:*")
    assert call("PutKeyPolicy", KeyId=key, Policy=POLICY, PolicyName="default") == {}
    assert call("GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"] == POLICY


def test_a_key_is_made_with_its_policy(call: Client) -> None:
    """The policy of CreateKey is the key's from the start."""
    key = call("CreateKey", Policy=POLICY)["KeyMetadata"]["KeyId"]
    assert call("GetKeyPolicy", KeyId=key)["Policy"] == POLICY


def test_the_policy_of_an_aws_managed_key_leaves_reading_to_the_account(kms: LocalKMS, call: Client) -> None:
    """What the account may do with an AWS managed key stands in its policy."""
    policy = call("GetKeyPolicy", KeyId=kms.add_key(manager="AWS"))["Policy"]
    assert json.loads(policy)["Statement"][0]["Action"] == ["kms:Describe*", "kms:Get*", "kms:List*"]


def test_there_is_one_policy(kms: LocalKMS, call: Client) -> None:
    """ListKeyPolicies names the default policy, and no other one is found or put."""
    key = kms.add_key()
    assert call("ListKeyPolicies", KeyId=key) == {"PolicyNames": ["default"], "Truncated": False}
    assert call.error("GetKeyPolicy", KeyId=key, PolicyName="AWS_RAM").error == "NotFoundException"
    assert call.error("PutKeyPolicy", KeyId=key, PolicyName="mine", Policy=POLICY).error == "NotFoundException"
    assert call.error("GetKeyPolicy", KeyId=key, PolicyName="no name").error == "ValidationException"


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        ("allow everything", "MalformedPolicyDocumentException"),
        ("[]", "MalformedPolicyDocumentException"),
        ("[" * 100_000, "MalformedPolicyDocumentException"),
        ('{"Id": "\u20ac"}', "ValidationException"),
        ("{" + " " * 131_072, "ValidationException"),
        ("", "ValidationException"),
        (None, "ValidationException"),
    ],
)
def test_a_policy_is_a_json_object(kms: LocalKMS, call: Client, policy: str | None, error: str) -> None:
    """Anything else is refused, and the old policy stays."""
    key = kms.add_key()
    call("PutKeyPolicy", KeyId=key, Policy=POLICY)
    assert call.error("PutKeyPolicy", KeyId=key, Policy=policy).error == error
    assert call("GetKeyPolicy", KeyId=key)["Policy"] == POLICY


def statement(**changes: object) -> dict[str, object]:
    """Return a statement that leaves the account everything, changed; what is None is left out."""
    sound = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"} | changes
    return {name: value for name, value in sound.items() if value is not None}


def policy(*statements: object, version: object = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": statements})


INVALID = [
    ("{}", "no Statement"),
    ('{"Version": "2012-10-17"}', "no Statement"),
    ('{"Statement": null}', "no Statement"),
    ('{"Statement": "Allow"}', "not an object"),
    (policy(), "no Statement"),
    (policy(statement(), "x"), "not an object"),
    (policy(statement(), version="2020-01-01"), "valid version"),
    (policy(statement(), version=["2012-10-17"]), "valid version"),
    (policy(statement(Effect="Permit")), "Invalid effect: Permit"),
    (policy(statement(Effect="allow")), "Invalid effect: allow"),
    (policy(statement(Effect=["Allow"])), "Invalid effect"),
    (policy(statement(), statement(Effect=None)), "Missing required field Effect"),
    (policy(statement(Principal=None)), "Policy contains a statement with no principal."),
    (policy(statement(Principal={})), "Policy contains a statement with no principal."),
    (policy(statement(Principal={"AWS": []})), "Policy contains a statement with no principal."),
    (policy(statement(Principal=[])), "Policy contains a statement with no principal."),
    (policy(statement(), statement(Principal=7)), "Policy contains a statement with no principal."),
    (policy(statement(Principal="root")), "one or more invalid principals."),
    (policy(statement(Principal=ROOT)), "one or more invalid principals."),
    (policy(statement(Principal=[ROOT])), "one or more invalid principals."),
    (policy(statement(Principal={"AWS": [ROOT, "AIDAQ3EGUZ6NXEXAMPLE"]})), "one or more invalid principals."),
    (policy(statement(Principal={"AWS": "arn:aws:iam::111122223333:role/*"})), "one or more invalid principals."),
    (policy(statement(Principal={"AWS": ROOT, "Person": "me"})), "one or more invalid principals."),
    (policy(statement(Action=None)), "Missing required field Action"),
    (policy(statement(Action=[])), "Missing required field Action"),
    (policy(statement(Action=[1])), "Missing required field Action"),
    (policy(statement(), statement(Resource=None)), "Missing required field Resource"),
]


@pytest.mark.parametrize(("document", "words"), INVALID)
@pytest.mark.parametrize("bypass", [False, True])
def test_an_invalid_policy_is_refused(
    kms: LocalKMS, call: Client, document: str, words: str, *, bypass: bool
) -> None:
    """By every operation that takes one, with the bypass as without: MalformedPolicyDocumentException."""
    key = kms.add_key(multi_region=True)
    for operation in ("CreateKey", "PutKeyPolicy", "ReplicateKey"):
        answer = call.error(
            operation,
            KeyId=key,
            ReplicaRegion="eu-west-1",
            Policy=document,
            BypassPolicyLockoutSafetyCheck=bypass,
        )
        assert (answer.error, words in answer.message) == (MALFORMED, True), answer.message
    assert len(call("ListKeys")["Keys"]) == 1


LOCKING = [
    policy(statement(Effect="Deny")),
    policy(statement(Action="kms:Decrypt")),
    policy(statement(Action=["kms:Get*", "kms:PutKeyPolic"])),
    policy(statement(NotAction="kms:Put*", Action=None)),
    policy(statement(Principal={"AWS": "arn:aws:iam::111122223333:role/Admin"})),
    policy(statement(Principal={"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"})),
    policy(statement(Principal={"Service": "logs.amazonaws.com"})),
    policy(statement(Principal=None, NotPrincipal={"AWS": ROOT})),
    policy(statement(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
    policy(statement(), statement(Effect="Deny", Action="kms:PutKeyPolicy", Principal="*")),
    policy(statement(), statement(Effect="Deny", Action="kms:P?tKey*")),
]


@pytest.mark.parametrize("document", LOCKING)
def test_a_policy_that_locks_its_author_out_needs_the_bypass(kms: LocalKMS, call: Client, document: str) -> None:
    """Without it, it is refused by every operation that takes a policy, and with it taken by each."""
    for operation in ("CreateKey", "PutKeyPolicy", "ReplicateKey"):
        key = kms.add_key(multi_region=True)
        members = {"KeyId": key, "ReplicaRegion": "eu-west-1", "Policy": document}
        answer = call.error(operation, **members)
        assert (answer.error, answer.message) == (MALFORMED, LOCKED_OUT)
        call(operation, **members, BypassPolicyLockoutSafetyCheck=True)


@pytest.mark.parametrize(
    "document",
    [
        policy(statement()),
        json.dumps({"Id": "without a version", "Statement": statement()}),
        policy(statement(Principal="*")),
        policy(statement(Condition={})),
        policy(statement(Principal={"AWS": "*"})),
        policy(statement(Principal={"AWS": ["444455556666", "111122223333"], "Service": "x.amazonaws.com"})),
        policy(statement(Principal={"AWS": "arn:aws:iam::111122223333:user/local"})),
        policy(statement(Action=["kms:Decrypt", "KMS:put*"])),
        policy(statement(Action=None, NotAction="kms:Decrypt")),
        policy(statement(Principal=None, NotPrincipal={"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"})),
        policy(statement(Action="kms:Decrypt", Principal="*"), statement(Action="kms:P?tKeyPolicy")),
        policy(statement(), statement(Effect="Deny", Action="kms:ScheduleKeyDeletion", Principal="*")),
        policy(statement(), statement(Effect="Deny", Principal={"AWS": "arn:aws:iam::111122223333:role/Other"})),
        policy(statement(), statement(Effect="Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})),
    ],
)
def test_a_policy_that_lets_its_author_back_is_taken(call: Client, document: str) -> None:
    """However it names the author, and whatever else it says; and it does let the author back."""
    key = call("CreateKey", Policy=document)["KeyMetadata"]["KeyId"]
    call("PutKeyPolicy", KeyId=key, Policy=POLICY)
    assert call("GetKeyPolicy", KeyId=key)["Policy"] == POLICY


@pytest.mark.parametrize(
    "principal",
    ["arn:aws:iam::111122223333:role/Tester", "arn:aws:sts::111122223333:assumed-role/Tester/tests", ROOT],
)
def test_a_session_is_its_role(kms: LocalKMS, principal: str) -> None:
    """Who has assumed a role is let back by the role, the session and the account, and not by its user."""
    credentials = session_credentials()
    with KMSClient(environ=kms.environ, credentials=credentials) as session:
        session.create_key(policy=policy(statement(Principal={"AWS": principal})))
        with pytest.raises(MalformedPolicyDocumentException, match="will not allow you to update"):
            session.create_key(policy=policy(statement(Principal={"AWS": "arn:aws:iam::111122223333:user/local"})))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["*", "Allow", "Deny", ROOT, "kms:*", "[", "", "\ud800"]),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.sampled_from(["AWS", "Service"]), parts),
    max_leaves=6,
)
names = st.sampled_from(["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition"])


@given(
    document=values
    | st.fixed_dictionaries({"Statement": values | st.lists(st.dictionaries(names, values), max_size=3)})
)
def test_any_json_is_taken_or_malformed(document: object) -> None:
    """There is no document that does anything but pass or be refused under that name."""
    refused = ""
    try:
        check_policy(json.dumps(document), [ROOT], bypass=False)
    except ApiError as fault:
        refused = fault.code
    assert refused in ("", MALFORMED)


def test_a_policy_of_stars_is_judged_at_once() -> None:
    """A pattern that a backtracking matcher would not come to the end of."""
    patterns = ["kms:" + "*" * 5_000 + "x", "*?" * 2_000 + "x", "*p*u*t*k*e*y*" * 50]
    with pytest.raises(ApiError) as caught:
        check_policy(policy(statement(Action=patterns)), [ROOT], bypass=False)
    assert caught.value.message == LOCKED_OUT
