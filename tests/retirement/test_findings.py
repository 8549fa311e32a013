"""What has to be known before a step: each finding, from what was read."""

from typing import Any

import pytest
from support.retirement_data import (
    ACCOUNT,
    ARN,
    CALLER,
    NOW,
    ROOT,
    case,
    days,
    entry,
    event,
    metadata,
    policy,
    trail,
    unreadable_event,
    usage,
)

from awskms_lite.models.grants import GrantConstraints, GrantListEntry
from awskms_lite.models.keys import MultiRegionConfiguration, MultiRegionKey
from awskms_lite.retirement.evidence import RelatedKey
from awskms_lite.retirement.findings import Case, find, idle_days, needed, other_account, unreadable
from awskms_lite.retirement.key_policy import Parties
from awskms_lite.retirement.path import History
from awskms_lite.retirement.records import (
    ALWAYS_BLOCK,
    NEED_CONSENT,
    Finding,
    Phase,
    Rules,
    Severity,
    Step,
    parse_accepted,
)

REPLICA = ARN.replace("us-east-2", "eu-west-1")


def consents(found: Case) -> list[str]:
    """Return the names of the findings that need consent."""
    return list(needed(find(found), ()))


def named(found: Case, name: str) -> Finding:
    (finding,) = [each for each in find(found) if each.name == name]
    return finding


LINKED_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"


def allowing(principal: dict[str, Any]) -> str:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"})


def grant(**members: Any) -> GrantListEntry:
    known = {"key_id": ARN, "grant_id": "0abc", "operations": ("Decrypt",), "grantee_principal": ROOT}
    return GrantListEntry(**{**known, **members})


def multi_region(kind: str = "PRIMARY", replicas: int = 1) -> Any:
    return metadata(
        multi_region=True,
        multi_region_configuration=MultiRegionConfiguration(
            multi_region_key_type=kind,
            primary_key=MultiRegionKey(arn=ARN, region="us-east-2"),
            replica_keys=(MultiRegionKey(arn=REPLICA, region="eu-west-1"),) * replicas,
        ),
    )


def test_a_key_that_nobody_used_needs_no_consent() -> None:
    """There are notes, and they say that nothing found is no proof."""
    found = find(case())
    assert needed(found, ()) == ()
    assert [finding.name for finding in found] == ["cloudtrail_unknown", "cost"]
    assert "no proof" in found[0].text
    assert found[1].text == "It costs at least 1 USD a month until its deletion is scheduled, disabled or not."


@pytest.mark.parametrize(
    ("read", "evidence"),
    [
        ({"usage": usage(89)}, "last use: Decrypt, 2026-08-31 12:00:00 UTC"),
        (
            {"usage": usage(89), "trail": trail(last_use=event())},
            f"last use: Decrypt, 2026-08-31 12:00:00 UTC by {CALLER} (session night)",
        ),
        ({"trail": trail(event())}, f"2026-11-28 11:00:00 UTC: Decrypt by {CALLER} (session night)"),
        (
            {"trail": trail(event("CreateGrant", errorCode="DisabledException"))},
            f"2026-11-28 11:00:00 UTC: CreateGrant by {CALLER} (session night), refused with DisabledException",
        ),
        (
            {"related": (RelatedKey(arn=REPLICA, state="Enabled", usage=usage(3)),)},
            f"last use of {REPLICA}: Decrypt, 2026-11-25 12:00:00 UTC",
        ),
    ],
)
def test_recent_use(read: dict[str, Any], evidence: str) -> None:
    """By KMS, by CloudTrail, refused ones too, and by the other keys of a multi-Region set."""
    found = case(**read)
    assert consents(found) == ["recent_use"]
    assert named(found, "recent_use").evidence == (evidence,)


def test_an_old_use_is_no_recent_use() -> None:
    """From the first whole day beyond the window on; and who made it is not known any more."""
    found = case(usage=usage(90))
    assert consents(found) == []
    assert "Who made its last use is not known" in named(found, "cloudtrail_unknown").text
    assert consents(case(usage=usage(90), rules=Rules(idle_days=91))) == ["recent_use"]


def test_too_new() -> None:
    """A young key, and one whose use is not tracked for long enough."""
    assert consents(case(usage=usage(created=30))) == ["too_new"]
    assert consents(case(usage=usage(tracked=30))) == ["too_new"]
    assert consents(case(usage=usage(created=90))) == []


@pytest.mark.parametrize(
    ("found", "days_idle"),
    [(usage(3.9), 3), (usage(created=50), 50), (usage(created=900, tracked=200), 200)],
)
def test_idle_days_are_those_of_the_condition_key(found: Any, days_idle: int) -> None:
    """Since the last use, since the creation, or since tracking began."""
    assert idle_days(found, NOW) == days_idle


@pytest.mark.parametrize(
    ("read", "evidence"),
    [
        (
            {"policy": policy({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*",
                               "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-2.amazonaws.com"}}})},
            "s3 (kms:ViaService in the key policy)",
        ),
        ({"grants": (grant(grantee_service_principal="backup.amazonaws.com"),)}, "backup (grant 0abc)"),
        ({"grants": (grant(grantee_principal=LINKED_ROLE),)}, "rds (grant 0abc)"),
        ({"grants": (grant(retiring_service_principal="rds.us-east-2.amazonaws.com"),)}, "rds (grant 0abc)"),
        ({"policy": allowing({"AWS": [ROOT, LINKED_ROLE]})}, "rds (the key policy)"),
        ({"policy": allowing({"Service": "dynamodb.amazonaws.com"})}, "dynamodb (the key policy)"),
        (
            {"trail": trail(event(userIdentity={"type": "AssumedRole",
                                                "sessionContext": {"sessionIssuer": {"arn": LINKED_ROLE}}}))},
            "rds (CloudTrail: Decrypt on 2026-11-28)",
        ),
        (
            {"grants": (grant(constraints=GrantConstraints(encryption_context_subset={"aws:ebs:id": "vol-1"})),)},
            "ebs volume vol-1 (grant 0abc)",
        ),
        (
            {"trail": trail(event(requestParameters={"encryptionContext": {"SecretARN": "arn:x"}}))},
            "secretsmanager secret arn:x (CloudTrail: Decrypt on 2026-11-28)",
        ),
        (
            {"trail": trail(event(userIdentity={"invokedBy": "rds.amazonaws.com"}))},
            "rds (CloudTrail: Decrypt on 2026-11-28)",
        ),
    ],
)  # fmt: skip
def test_service_use(read: dict[str, Any], evidence: str) -> None:
    """By the policy, by grants, and by events."""
    assert named(case(**read), "service_use").evidence == (evidence,)


def test_service_use_says_what_happens_to_tables_and_databases() -> None:
    """And never that some days are safe."""
    for service, words in (("dynamodb", "archives a table"), ("rds", "no number of days is safe")):
        finding = named(case(grants=(grant(grantee_service_principal=f"{service}.amazonaws.com"),)), "service_use")
        assert words in finding.text
        assert "safe for" not in finding.text


def test_grants() -> None:
    """Each with its grantee, who may retire it, and its constraints."""
    limits = GrantConstraints(
        encryption_context_equals={"team": "shop"}, source_arn="arn:aws:s3:::bucket/of/orders"
    )
    finding = named(case(grants=(grant(constraints=limits, retiring_principal=CALLER),)), "grants")
    (line,) = finding.evidence
    assert line == (
        f"grant 0abc: Decrypt, for {ROOT}, retired by {CALLER}, with an encryption context equal to team=shop, on "
        "behalf of arn:aws:s3:::bucket/of/orders"
    )
    many = named(case(grants=tuple(grant(grant_id=str(number)) for number in range(25))), "grants")
    assert many.text.startswith("25 grants let")
    assert many.evidence[-1] == "and 5 more"
    nobody = named(case(grants=(grant(grantee_principal=None),)), "grants")
    assert "an unnamed grantee" in nobody.evidence[0]


def test_replicas() -> None:
    """A primary that has some waits for consent; a replica is only noted, and so is a primary without any."""
    related = (RelatedKey(arn=REPLICA, state="Enabled", usage=usage(200)),)
    assert consents(case(metadata=multi_region(), related=related)) == ["replicas"]
    assert named(case(metadata=multi_region(), related=related), "replicas").evidence == (f"{REPLICA}: Enabled",)
    assert named(case(metadata=multi_region("REPLICA")), "replicas").severity is Severity.NOTE
    assert consents(case(metadata=multi_region(replicas=0))) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            policy({"Effect": "Allow", "Principal": {"AWS": f"{ROOT[:-4]}role/Other"}, "Action": "kms:*"}),
            "neither",
        ),
        (
            policy({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Condition": {"Bool": {"a": "b"}}}),
            "depends on conditions",
        ),
        ("no policy", "neither"),
    ],
)
def test_way_back_closed(text: str, words: str) -> None:
    """Closed, or not certainly open."""
    found = case(policy=text)
    assert consents(found) == ["way_back_closed"]
    assert words in named(found, "way_back_closed").text


def test_the_evidence_of_a_way_back_is_the_statements_about_it() -> None:
    """The same for each session of a role, in any order, and without those about other acts and principals."""
    denial = {"Effect": "Deny", "NotPrincipal": {"AWS": ROOT}, "Action": "kms:CancelKeyDeletion", "Resource": "*"}
    allow = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "kms:*",
        "Resource": "*",
        "Condition": {"Bool": {"a": "b"}},
    }
    reader = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:Decrypt"}
    other = {"Effect": "Allow", "Principal": {"AWS": f"{ROOT[:-4]}role/Other"}, "Action": "kms:*"}
    found = named(case(policy=policy(allow, denial)), "way_back_closed").evidence
    assert len(found) == 2
    assert found[0].startswith('{"action":"kms:*","condition":{"Bool":{"a":"b"}},"effect":"Allow"')
    tomorrow = case(policy=policy(denial, reader, allow, other), parties=Parties(ACCOUNT, f"{CALLER}-2"))
    assert named(tomorrow, "way_back_closed").evidence == found
    assert named(case(policy=policy(allow)), "way_back_closed").evidence != found


def test_guarded() -> None:
    """By the act that is next, and the days since the last use."""
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "kms:DisableKey",
        "Resource": "*",
        "Condition": {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "365"}},
    }
    allow = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    guarded = policy(allow, denial)
    assert consents(case(policy=guarded)) == ["guarded"]
    assert "which is 200 now" in named(case(policy=guarded), "guarded").text
    assert consents(case(policy=guarded, action="ScheduleKeyDeletion")) == []
    assert consents(case(policy=guarded, usage=usage(400))) == []


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"origin": "EXTERNAL"}, "imported_material"),
        ({"origin": "AWS_CLOUDHSM", "custom_key_store_id": "cks-1"}, "custom_key_store"),
        ({"origin": "EXTERNAL_KEY_STORE"}, "custom_key_store"),
        ({"key_spec": "RSA_2048", "key_usage": "SIGN_VERIFY"}, "asymmetric_public_key"),
        ({"key_spec": "RSA_4096", "key_usage": "ENCRYPT_DECRYPT"}, "asymmetric_public_key"),
        ({"key_spec": "ML_KEM_768", "key_usage": "ENCAPSULATE_DECAPSULATE"}, "asymmetric_public_key"),
    ],
)
def test_what_kind_of_key_it_is(members: dict[str, Any], name: str) -> None:
    """Material from elsewhere, and public keys that are used elsewhere."""
    assert consents(case(metadata=metadata(**members))) == [name]


def test_a_key_for_macs_has_no_public_key() -> None:
    """It is symmetric."""
    assert consents(case(metadata=metadata(key_spec="HMAC_256", key_usage="GENERATE_VERIFY_MAC"))) == []


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (trail(problem="AccessDeniedException: not allowed"), "could not be read"),
        (trail(is_indexed=False), "does not list uses under the ARN"),
        (trail(unreadable_event()), "records of some events cannot be read"),
    ],
)
def test_cloudtrail_unknown(history: Any, words: str) -> None:
    """An event history that cannot be read needs consent."""
    found = case(trail=history)
    assert consents(found) == ["cloudtrail_unknown"]
    assert words in named(found, "cloudtrail_unknown").text


def test_a_history_that_was_not_read_to_its_end() -> None:
    """It is a note before the key is disabled, and needs consent if it is the watch that was not seen whole."""
    short = trail(since=NOW - days(2))
    assert consents(case(trail=short)) == []
    assert "read back to 2026-11-26 12:00 UTC" in named(case(trail=short), "cloudtrail_unknown").text
    assert consents(case(trail=short, unusable_since=NOW - days(6))) == ["cloudtrail_unknown"]


def test_whether_the_history_lists_uses_is_told_if_it_is_not_known() -> None:
    """No use in the account could show it."""
    assert (
        "could not be seen in this account" in named(case(trail=trail(is_indexed=None)), "cloudtrail_unknown").text
    )


def test_long_watch() -> None:
    """From seven days on."""
    assert consents(case(rules=Rules(watch_days=6))) == []
    assert consents(case(rules=Rules(watch_days=7))) == ["long_watch"]


def test_taken_back() -> None:
    """Whoever took it back had a reason."""
    back = entry(Step.VERIFY, Phase.DONE)
    found = case(history=History(taken_back=back))
    assert consents(found) == ["taken_back"]
    assert CALLER in named(found, "taken_back").text


def test_names_and_tags_are_notes() -> None:
    """They may tell whose it is."""
    found = case(aliases=("alias/orders",), tags={"team": "shop"})
    assert consents(found) == []
    assert named(found, "aliases").evidence == ("alias/orders",)
    assert named(found, "tags").evidence == ("team=shop",)


def test_findings_that_block_need_no_consent() -> None:
    """None would remove them."""
    found = (other_account("444455556666", [ACCOUNT]), unreadable("denied"))
    assert {finding.severity for finding in found} == {Severity.BLOCKS}
    assert needed(found, ()) == ()


def test_consent_removes_what_it_names() -> None:
    """And nothing else."""
    found = find(case(usage=usage(1), rules=Rules(watch_days=10)))
    assert needed(found, ("recent_use",)) == ("long_watch",)
    assert needed(found, ("recent_use", "long_watch")) == ()


def test_names_of_findings_are_checked() -> None:
    """A misspelt one would be consent to nothing, and one that always blocks changes nothing."""
    assert parse_accepted(["long_watch", "grants", "grants"]) == ("grants", "long_watch")
    with pytest.raises(ValueError, match="'grant' is no finding that can be accepted: pass recent_use, "):
        parse_accepted(["grant"])
    with pytest.raises(ValueError, match="aws_managed cannot be accepted: it always blocks"):
        parse_accepted(["aws_managed"])
    with pytest.raises(ValueError, match="accept is a str"):
        parse_accepted("grants")
    assert not set(ALWAYS_BLOCK) & set(NEED_CONSENT)


@pytest.mark.parametrize(
    "members", [{"watch_days": 0}, {"watch_days": 31}, {"pending_days": 6}, {"pending_days": 31}, {"idle_days": 0},
                {"idle_days": True}, {"pending_days": "7"}]
)  # fmt: skip
def test_days_are_checked(members: dict[str, Any]) -> None:
    """Within what KMS takes, and whole."""
    with pytest.raises(ValueError, match="pass a whole number of days, from"):
        Rules(**members)
