"""The life of a key, from its making to its end, through both clients against the local KMS."""

from datetime import timedelta
from typing import Any

import pytest
from support.either_client import EitherClient
from support.servers import Way

from awskms_lite import KMSClient
from awskms_lite.errors import (
    KMSLiteError,
    NotFoundException,
    ParameterError,
    StateError,
)
from awskms_lite.local import LocalKMS, Reset
from awskms_lite.models.keys import KeyState, ResourceOwnerType, ScheduleKeyDeletionRequest
from awskms_lite.models.specs import KeySpec, KeyUsageType, MacAlgorithmSpec, OriginType
from awskms_lite.models.tags import Tag

WEEK = timedelta(days=7)


def state(kms: EitherClient, key: str) -> str:
    shown: str = kms.describe_key(key).key_metadata.key_state
    return shown


def test_a_key_lives_and_dies(kms: EitherClient, local: LocalKMS) -> None:
    """A key is made, named, tagged, described anew, rotated, taken out of use and back, and in the end deleted."""
    made = kms.create_key(description="orders", tags=[Tag(tag_key="team", tag_value="shop")]).key_metadata
    assert (made.key_state, made.enabled, made.description) == (KeyState.ENABLED, True, "orders")
    assert (made.key_spec, made.key_usage) == (KeySpec.SYMMETRIC_DEFAULT, KeyUsageType.ENCRYPT_DECRYPT)
    kms.create_alias("alias/orders", made.key_id)
    assert kms.describe_key("alias/orders").key_metadata == made
    kms.tag_resource(made.arn, [Tag(tag_key="stage", tag_value="")])
    tags = kms.take(kms.iter_list_resource_tags(made.arn))
    assert {tag.tag_key: tag.tag_value for tag in tags} == {"team": "shop", "stage": ""}
    kms.update_key_description(made.key_id, "")
    assert kms.describe_key(made.arn).key_metadata.description == ""
    kms.enable_key_rotation(made.key_id)
    assert kms.get_key_rotation_status(made.key_id).key_rotation_enabled
    kms.disable_key(made.key_id)
    assert state(kms, made.arn) == KeyState.DISABLED
    kms.enable_key(made.key_id)
    assert state(kms, made.arn) == KeyState.ENABLED
    kms.schedule_key_deletion(made.arn, pending_window_in_days=7)
    assert kms.cancel_key_deletion(made.arn).key_id == made.arn
    assert state(kms, made.arn) == KeyState.DISABLED
    end = kms.schedule_key_deletion(made.arn, pending_window_in_days=7)
    doomed = kms.describe_key(made.arn).key_metadata
    assert (end.key_id, end.key_state, end.pending_window_in_days) == (made.arn, KeyState.PENDING_DELETION, 7)
    assert (doomed.key_state, doomed.deletion_date) == (KeyState.PENDING_DELETION, end.deletion_date)
    assert (end.deletion_date - made.creation_date).days == 7
    local.advance(WEEK)
    with pytest.raises(NotFoundException):
        kms.describe_key(made.arn)
    assert kms.take(kms.iter_list_keys()) == []
    assert [alias for alias in kms.take(kms.iter_list_aliases()) if alias.target_key_id] == []


def test_a_key_is_what_was_asked_for(kms: EitherClient) -> None:
    """Spec, usage, origin and the rest are as the caller said, and so are the algorithms that follow from them."""
    made = kms.create_key(key_spec="HMAC_384", key_usage="GENERATE_VERIFY_MAC", multi_region=True).key_metadata
    assert (made.key_spec, made.multi_region) == (KeySpec.HMAC_384, True)
    assert (made.mac_algorithms, made.encryption_algorithms) == ((MacAlgorithmSpec.HMAC_SHA_384,), ())
    awaiting = kms.create_key(origin=OriginType.EXTERNAL).key_metadata
    assert (awaiting.origin, awaiting.key_state) == (OriginType.EXTERNAL, KeyState.PENDING_IMPORT)


@pytest.mark.parametrize("days", [6, 31, 365])
def test_a_deletion_waits_for_7_to_30_days(days: int) -> None:
    """A waiting period that KMS would refuse is refused before it is sent."""
    with pytest.raises(ParameterError, match=f"pending_window_in_days is {days}: pass 7 to 30"):
        ScheduleKeyDeletionRequest(key_id="k", pending_window_in_days=days)


def test_keys_are_listed_page_by_page(kms: EitherClient, local: LocalKMS) -> None:
    """All keys of the account and region come once, and a listing goes on where another was left."""
    keys = [local.add_key() for _ in range(5)]
    local.add_key(region="eu-west-1")
    listing = kms.iter_list_keys(page_size=2)
    first = kms.take(listing, 4)
    assert local.stats.asked["ListKeys"] == 2
    rest = kms.take(kms.iter_list_keys(page_size=2, marker=listing.marker))
    assert [entry.key_arn for entry in first + rest] == keys
    assert [entry.key_id for entry in first + rest] == [key.rpartition("/")[2] for key in keys]
    assert local.stats.asked["ListKeys"] == 3


def test_keys_are_listed_by_owner(kms: EitherClient, local: LocalKMS) -> None:
    """A listing holds the keys of the owners that it is asked for: the account itself, others, or both."""
    key = local.add_key()
    assert [entry.key_arn for entry in kms.list_keys(resource_owners=list(ResourceOwnerType)).keys] == [key]
    assert kms.list_keys(resource_owners=["OTHER_ACCOUNTS_VIA_RAM"]).keys == ()


def test_a_key_is_waited_for_until_it_is_enabled(way: Way, local: LocalKMS) -> None:
    """The wait for a key ends when somebody enables it."""
    key = local.add_key(state="Disabled")

    def enable(_: float) -> None:
        with KMSClient(environ=local.environ) as other:
            other.enable_key(key)

    waiting = EitherClient(way, local, on_pause=enable)
    assert waiting.wait_until_enabled(key).enabled
    assert local.stats.asked["EnableKey"] == 1


def test_a_key_is_waited_for_until_it_is_deleted(way: Way, local: LocalKMS) -> None:
    """The wait for a key's end ends with its days; one that nobody wants deleted is not waited for."""
    waiting = EitherClient(way, local, on_pause=lambda _: local.advance(timedelta(days=3)))
    key = local.add_key()
    with pytest.raises(StateError, match="Enabled"):
        waiting.wait_until_deleted(key, timeout=3600)
    waiting.schedule_key_deletion(key, pending_window_in_days=7)
    waiting.wait_until_deleted(key, timeout=3600)
    assert local.stats.asked["DescribeKey"] == 2 + 5
    with pytest.raises(NotFoundException):
        waiting.describe_key(key)


@pytest.mark.parametrize("key", ["alias/gone", "1234abcd-12ab-34cd-56ef-1234567890ab"])
def test_what_is_not_there_to_begin_with_was_not_deleted(kms: EitherClient, key: str) -> None:
    """A slip of the pen, or another region's key, does not pass for a key that is gone."""
    with pytest.raises(NotFoundException):
        kms.wait_until_deleted(key, timeout=5)


def test_an_alias_that_moves_away_is_no_deletion(way: Way, local: LocalKMS) -> None:
    """A key that was named by an alias is waited for itself."""
    key = local.add_key(state="PendingDeletion", aliases=["alias/doomed"])

    def remove(_: float) -> None:
        if local.stats.asked["DeleteAlias"] == 0:
            with KMSClient(environ=local.environ) as other:
                other.delete_alias("alias/doomed")
        else:
            local.advance(timedelta(days=30))

    waiting = EitherClient(way, local, on_pause=remove)
    waiting.wait_until_deleted("alias/doomed", timeout=3600)
    with pytest.raises(NotFoundException):
        waiting.describe_key(key)


@pytest.mark.parametrize("timeout", [None, 0, -1, "5"])
def test_a_wait_without_an_end_is_refused(kms: EitherClient, local: LocalKMS, timeout: Any) -> None:
    """How long to wait is a number of seconds above 0."""
    with pytest.raises(ParameterError, match="timeout"):
        kms.wait_until_enabled(local.add_key(), timeout=timeout)
    assert local.stats.asked["DescribeKey"] == 0


@pytest.mark.parametrize("state", ["DISABLED", "Disabeld", None])
def test_a_state_that_is_none_is_not_waited_for(kms: EitherClient, local: LocalKMS, state: Any) -> None:
    """A misspelt state would be waited for in vain."""
    with pytest.raises(ParameterError, match="state must be one of Creating, Enabled, Disabled"):
        kms.wait_until_key_state(local.add_key(), state)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("create_key", None, "Enabled"),
        ("schedule_key_deletion", "Enabled", "PendingDeletion"),
        ("cancel_key_deletion", "PendingDeletion", "Disabled"),
    ],
)
def test_what_must_not_happen_twice_is_sent_once(
    kms: EitherClient, local: LocalKMS, name: str, before: str | None, after: str
) -> None:
    """A change that would act twice, or find itself done, is not repeated; the error says that it may be done."""
    keys = [] if before is None else [local.add_key(state=before)]
    local.inject_fault(Reset("during"), times=1)
    with pytest.raises(KMSLiteError, match="may have been executed") as caught:
        getattr(kms, name)(*keys)
    assert caught.value.outcome_unknown
    assert sum(local.stats.asked.values()) == 1
    assert [state(kms, entry.key_arn) for entry in kms.take(kms.iter_list_keys())] == [after]


@pytest.mark.parametrize(
    ("name", "more", "before", "after"),
    [
        ("enable_key", [], "Disabled", "Enabled"),
        ("disable_key", [], "Enabled", "Disabled"),
        ("update_key_description", ["new"], "Enabled", "Enabled"),
        ("describe_key", [], "PendingImport", "PendingImport"),
        ("list_keys", None, "Enabled", "Enabled"),
    ],
)
def test_what_may_happen_twice_is_sent_again(
    kms: EitherClient, local: LocalKMS, name: str, more: list[str] | None, before: str, after: str
) -> None:
    """A call that may be repeated is, when its answer is lost, and the caller hears nothing of the loss."""
    key = local.add_key(state=before)
    local.inject_fault(Reset("during"), times=1)
    answer = getattr(kms, name)(*([] if more is None else [key, *more]))
    assert (answer.metadata.status_code, answer.metadata.attempts) == (200, 2)
    assert state(kms, key) == after
