"""Rotation of key material, through both clients against the local KMS, as the keys' clock goes on."""

from datetime import timedelta
from itertools import pairwise

import pytest
from support.either_client import EitherClient

from awskms_lite.errors import (
    KMSLiteError,
    ParameterError,
)
from awskms_lite.local import LocalKMS, Reset
from awskms_lite.models.rotation import IncludeKeyMaterial, KeyMaterialState, RotationType

DAY = timedelta(days=1)
SOON = timedelta(minutes=5)
"""What real time may pass within a test."""


def test_a_key_rotates_when_its_days_have_passed(kms: EitherClient, local: LocalKMS) -> None:
    """A key that is told to rotates on the days announced, and what it encrypted before can still be read."""
    key = local.add_key()
    before = kms.describe_key(key).key_metadata
    blob = kms.encrypt(key, b"old").ciphertext_blob
    kms.enable_key_rotation(key, rotation_period_in_days=90)
    status = kms.get_key_rotation_status(key)
    assert (status.key_rotation_enabled, status.rotation_period_in_days) == (True, 90)
    assert abs(status.next_rotation_date - before.creation_date - 90 * DAY) < SOON
    local.advance(89 * DAY)
    assert kms.list_key_rotations(key).rotations == ()
    local.advance(DAY)
    (rotation,) = kms.list_key_rotations(key).rotations
    after = kms.describe_key(key).key_metadata
    assert (rotation.rotation_type, rotation.key_material_state) == (
        RotationType.AUTOMATIC,
        KeyMaterialState.CURRENT,
    )
    assert rotation.rotation_date == status.next_rotation_date
    assert rotation.key_material_id == after.current_key_material_id != before.current_key_material_id
    assert kms.decrypt(ciphertext_blob=blob).plaintext == b"old"
    assert kms.rotate_key_on_demand(key).key_id == key
    kms.disable_key_rotation(key)
    ended = kms.get_key_rotation_status(key)
    assert (ended.key_rotation_enabled, ended.next_rotation_date) == (False, None)


def test_rotations_are_listed_page_by_page(kms: EitherClient, local: LocalKMS) -> None:
    """Each rotation comes once, oldest first, and before them, if asked for, what the key began with."""
    key = local.add_key()
    first = kms.describe_key(key).key_metadata.current_key_material_id
    kms.enable_key_rotation(key, rotation_period_in_days=90)
    local.advance(5 * 90 * DAY)
    rotations = kms.take(kms.iter_list_key_rotations(key, page_size=2))
    assert local.stats.asked["ListKeyRotations"] == 3
    dates = [rotation.rotation_date for rotation in rotations]
    assert [later - earlier for earlier, later in pairwise(dates)] == [90 * DAY] * 4
    assert {rotation.rotation_type for rotation in rotations} == {RotationType.AUTOMATIC}
    everything = kms.take(
        kms.iter_list_key_rotations(key, include_key_material=IncludeKeyMaterial.ALL_KEY_MATERIAL)
    )
    assert everything[1:] == rotations
    assert (everything[0].key_material_id, everything[0].rotation_date) == (first, None)


@pytest.mark.parametrize("days", [89, 2561])
def test_a_period_has_its_bounds(kms: EitherClient, local: LocalKMS, days: int) -> None:
    """A period of less than 90 days, or more than 2560, is refused before it is sent."""
    with pytest.raises(ParameterError, match=f"rotation_period_in_days is {days}: pass 90 to 2560"):
        kms.enable_key_rotation(local.add_key(), rotation_period_in_days=days)
    assert not local.stats.asked


@pytest.mark.parametrize("name", ["enable_key_rotation", "disable_key_rotation"])
def test_a_change_of_plan_is_sent_again(kms: EitherClient, local: LocalKMS, name: str) -> None:
    """Whether a key rotates may be said twice, so a lost answer is made up for."""
    key = local.add_key()
    local.inject_fault(Reset("during"), times=1)
    assert getattr(kms, name)(key).metadata.attempts == 2
    assert kms.get_key_rotation_status(key).key_rotation_enabled is (name == "enable_key_rotation")


def test_a_rotation_on_demand_is_asked_for_once(kms: EitherClient, local: LocalKMS) -> None:
    """A key is not rotated a second time because the answer was lost; the error says that it may be done."""
    key = local.add_key()
    local.inject_fault(Reset("during"), times=1)
    with pytest.raises(KMSLiteError, match="may have been executed"):
        kms.rotate_key_on_demand(key)
    assert len(kms.list_key_rotations(key).rotations) == 1
