"""Rotation of LocalKMS's keys, as the key clock goes on."""

from datetime import timedelta
from typing import Any

import pytest
from support.local_client import Client, listed

from awskms_lite.local import LocalKMS

DAY = timedelta(days=1)
SECONDS = 86400  # of a day


def rotations(call: Client, key: str, **members: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call("ListKeyRotations", KeyId=key, **members)["Rotations"]
    return found


def material_id(call: Client, key: str) -> str:
    return str(call("DescribeKey", KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"])


def test_a_key_does_not_rotate_unless_rotation_is_enabled(kms: LocalKMS, call: Client) -> None:
    """A new key has one material and no rotations, and years change nothing."""
    key = kms.add_key()
    before = material_id(call, key)
    kms.advance(1000 * DAY)
    assert call("GetKeyRotationStatus", KeyId=key) == {
        "KeyId": key.rpartition("/")[2],
        "KeyRotationEnabled": False,
    }
    assert rotations(call, key) == []
    assert material_id(call, key) == before


@pytest.mark.parametrize(("period", "days"), [({}, 365), ({"RotationPeriodInDays": 90}, 90)])
def test_a_key_rotates_every_period(kms: LocalKMS, call: Client, period: dict[str, object], days: int) -> None:
    """Each period that passes brings one rotation on its day, and the next one is announced."""
    key = kms.add_key()
    assert call("EnableKeyRotation", KeyId=key, **period) == {}
    start = call("DescribeKey", KeyId=key)["KeyMetadata"]["CreationDate"]
    kms.advance((days - 1) * DAY)
    assert rotations(call, key) == []
    kms.advance((days + 2) * DAY)
    dates = [rotation["RotationDate"] for rotation in rotations(call, key)]
    assert dates == pytest.approx([start + days * SECONDS, start + 2 * days * SECONDS], abs=60)
    status = call("GetKeyRotationStatus", KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, days)
    assert status["NextRotationDate"] == pytest.approx(start + 3 * days * SECONDS, abs=60)


def test_old_ciphertexts_open_with_their_old_material(kms: LocalKMS, call: Client) -> None:
    """After rotations Decrypt still opens what each material sealed, and says which one it was."""
    key, sealed = kms.add_key(), []
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    for _ in range(3):
        blob = call("Encrypt", KeyId=key, Plaintext="cGxhaW4=")["CiphertextBlob"]
        sealed.append((blob, material_id(call, key)))
        kms.advance(90 * DAY)
    assert len({used for _, used in sealed}) == 3
    for blob, used in sealed:
        opened = call("Decrypt", CiphertextBlob=blob)
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == ("cGxhaW4=", used)


def test_a_key_rotates_on_demand(kms: LocalKMS, call: Client) -> None:
    """RotateKeyOnDemand renews the material at once and leaves the plan of the automatic rotations."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    planned = call("GetKeyRotationStatus", KeyId=key)
    before = material_id(call, key)
    assert call("RotateKeyOnDemand", KeyId=key.rpartition("/")[2]) == {"KeyId": key}
    assert material_id(call, key) != before
    assert call("GetKeyRotationStatus", KeyId=key) == planned
    kms.advance(90 * DAY)
    assert [rotation["RotationType"] for rotation in rotations(call, key)] == ["ON_DEMAND", "AUTOMATIC"]


def test_a_key_rotates_on_demand_twenty_five_times(kms: LocalKMS, call: Client) -> None:
    """Then it is LimitExceededException."""
    key = kms.add_key()
    for _ in range(25):
        call("RotateKeyOnDemand", KeyId=key)
    answer = call.error("RotateKeyOnDemand", KeyId=key)
    assert answer.error == "LimitExceededException"
    assert answer.message.startswith(
        "The on-demand rotations limit has been reached for the given keyId. No more "
    )
    assert answer.message.endswith(f"on-demand rotations can be performed for this key: {key}")
    assert len(rotations(call, key)) == 25


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ({"spec": "RSA_4096", "state": "Disabled"}, "DisabledException", "is disabled."),
        ({"origin": "EXTERNAL", "state": "Disabled"}, "DisabledException", "is disabled."),
        ({"origin": "AWS_CLOUDHSM", "state": "Unavailable"}, "KMSInvalidStateException", "is unavailable."),
        ({"state": "PendingImport"}, "KMSInvalidStateException", "is pending import."),
        ({"spec": "HMAC_256", "state": "PendingDeletion"}, "KMSInvalidStateException", "is pending deletion."),
    ],
)
def test_the_state_of_a_key_comes_first_when_it_is_rotated_on_demand(
    kms: LocalKMS, call: Client, kind: dict[str, Any], error: str, words: str
) -> None:
    """A wrong state is the error, whether or not keys of this spec and origin rotate at all."""
    key = kms.add_key(**kind)
    answer = call.error("RotateKeyOnDemand", KeyId=key)
    assert (answer.error, answer.message) == (error, f"{key} {words}")


def test_a_rotation_on_demand_keeps_clear_of_an_automatic_one(kms: LocalKMS, call: Client) -> None:
    """Within twenty minutes of the planned rotation it is ConflictException."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    kms.advance(90 * DAY - timedelta(minutes=19))
    assert call.error("RotateKeyOnDemand", KeyId=key).error == "ConflictException"
    kms.advance(timedelta(minutes=19))
    call("RotateKeyOnDemand", KeyId=key)


def test_a_disabled_rotation_does_not_happen(kms: LocalKMS, call: Client) -> None:
    """DisableKeyRotation takes back what was planned, and a new start counts from its own day."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    assert call("DisableKeyRotation", KeyId=key) == {}
    assert call("GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"] is False
    kms.advance(60 * DAY)
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    kms.advance(60 * DAY)
    assert rotations(call, key) == []
    kms.advance(30 * DAY)
    assert len(rotations(call, key)) == 1


def test_another_period_replaces_the_plan(kms: LocalKMS, call: Client) -> None:
    """Enabling again with another period leaves one plan, not two."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=100)
    kms.advance(95 * DAY)
    assert rotations(call, key) == []
    kms.advance(5 * DAY)
    assert len(rotations(call, key)) == 1


def test_a_disabled_key_makes_up_for_its_rotation(kms: LocalKMS, call: Client) -> None:
    """While disabled a key keeps its status and does not rotate; enabled late it rotates once, at once."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    call("DisableKey", KeyId=key)
    kms.advance(200 * DAY)
    assert rotations(call, key) == []
    assert call("GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"] is True
    call("EnableKey", KeyId=key)
    start = call("DescribeKey", KeyId=key)["KeyMetadata"]["CreationDate"]
    (made_up,) = rotations(call, key)
    assert made_up["RotationDate"] == pytest.approx(start + 200 * SECONDS, abs=60)
    kms.advance(90 * DAY)
    assert len(rotations(call, key)) == 2


def test_a_key_enabled_in_time_keeps_its_plan(kms: LocalKMS, call: Client) -> None:
    """A key that was disabled for a while, and missed no rotation, rotates on the day planned."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    call("DisableKey", KeyId=key)
    kms.advance(50 * DAY)
    call("EnableKey", KeyId=key)
    assert rotations(call, key) == []
    kms.advance(40 * DAY)
    assert len(rotations(call, key)) == 1


def test_a_key_pending_deletion_does_not_rotate(kms: LocalKMS, call: Client) -> None:
    """Its status is off until the deletion is cancelled, and is then what it was."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    kms.advance(80 * DAY)
    call("ScheduleKeyDeletion", KeyId=key)
    kms.advance(20 * DAY)
    assert call("GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"] is False
    assert rotations(call, key) == []
    call("CancelKeyDeletion", KeyId=key)
    assert call("GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"] is True


def test_a_key_that_ends_before_its_rotation_just_ends(kms: LocalKMS, call: Client) -> None:
    """A rotation planned for a key that is gone disturbs nobody."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    call("ScheduleKeyDeletion", KeyId=key)
    kms.advance(200 * DAY)
    assert call("ListKeys")["Keys"] == []


def test_rotations_are_listed_with_their_materials(kms: LocalKMS, call: Client) -> None:
    """Each rotation has its own material, of which the last is the current one; the first is listed on request."""
    key = kms.add_key()
    first = material_id(call, key)
    call("RotateKeyOnDemand", KeyId=key)
    call("RotateKeyOnDemand", KeyId=key)
    materials = rotations(call, key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    assert materials[0] == {
        "KeyId": key.rpartition("/")[2],
        "KeyMaterialId": first,
        "KeyMaterialState": "NON_CURRENT",
    }
    assert [entry["KeyMaterialState"] for entry in materials] == ["NON_CURRENT", "NON_CURRENT", "CURRENT"]
    assert materials[-1]["KeyMaterialId"] == material_id(call, key)
    assert rotations(call, key) == rotations(call, key, IncludeKeyMaterial="ROTATIONS_ONLY") == materials[1:]


def test_rotations_come_in_pages(kms: LocalKMS, call: Client) -> None:
    """Pages give every rotation once, oldest first."""
    key = kms.add_key()
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    kms.advance(90 * 12 * DAY)
    seen = listed(call, "ListKeyRotations", "Rotations", KeyId=key, Limit=5)
    assert seen == rotations(call, key)
    assert len(seen) == 12


def test_an_aws_managed_key_rotates_every_year(kms: LocalKMS, call: Client) -> None:
    """Its rotation is always on, yearly, and cannot be changed."""
    key = kms.add_key(manager="AWS")
    status = call("GetKeyRotationStatus", KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 365)
    kms.advance(731 * DAY)
    assert len(rotations(call, key)) == 2
    assert call.error("DisableKeyRotation", KeyId=key).error == "AccessDeniedException"


@pytest.mark.parametrize("operation", ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"spec": "HMAC_256"}, "key spec is HMAC_256 which is not valid for this operation."),
        ({"spec": "RSA_2048"}, "key spec is RSA_2048 which is not valid for this operation."),
        ({"origin": "EXTERNAL"}, "origin is EXTERNAL which is not valid for this operation."),
        ({"origin": "AWS_CLOUDHSM"}, "origin is AWS_CLOUDHSM which"),
    ],
)
def test_other_kinds_of_keys_do_not_rotate(
    kms: LocalKMS, call: Client, operation: str, kind: dict[str, Any], words: str
) -> None:
    """Only symmetric keys with material of KMS's own rotate here: UnsupportedOperationException."""
    answer = call.error(operation, KeyId=kms.add_key(**kind))
    assert (answer.error, words in answer.message) == ("UnsupportedOperationException", True)


@pytest.mark.parametrize("operation", ["EnableKeyRotation", "DisableKeyRotation"])
def test_the_kind_of_a_key_comes_first_where_its_automatic_rotation_is_switched(
    kms: LocalKMS, call: Client, operation: str
) -> None:
    """A key that cannot rotate automatically has that error, disabled or not."""
    answer = call.error(operation, KeyId=kms.add_key(origin="EXTERNAL", state="Disabled"))
    assert (answer.error, "origin is EXTERNAL which" in answer.message) == ("UnsupportedOperationException", True)


@pytest.mark.parametrize("operation", ["GetKeyRotationStatus", "ListKeyRotations"])
@pytest.mark.parametrize("kind", [{"spec": "HMAC_256"}, {"spec": "RSA_2048"}, {"origin": "EXTERNAL_KEY_STORE"}])
def test_the_rotation_of_other_kinds_of_keys_cannot_be_asked_for(
    kms: LocalKMS, call: Client, operation: str, kind: dict[str, Any]
) -> None:
    """Neither is there a status for HMAC keys, asymmetric keys and keys of custom key stores."""
    assert call.error(operation, KeyId=kms.add_key(**kind)).error == "UnsupportedOperationException"


def test_imported_material_does_not_rotate_and_is_listed(kms: LocalKMS, call: Client) -> None:
    """A key of origin EXTERNAL has its rotation off, and its one material is listed once it is imported."""
    key, waiting = kms.add_key(origin="EXTERNAL"), kms.add_key(state="PendingImport")
    assert call("GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"] is False
    (material,) = rotations(call, key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    assert (material["ImportState"], material["KeyMaterialState"]) == ("IMPORTED", "CURRENT")
    assert rotations(call, waiting, IncludeKeyMaterial="ALL_KEY_MATERIAL") == []


@pytest.mark.parametrize("days", [89, 2561])
def test_a_period_has_its_bounds(kms: LocalKMS, call: Client, days: int) -> None:
    """A period is 90 to 2560 days."""
    answer = call.error("EnableKeyRotation", KeyId=kms.add_key(), RotationPeriodInDays=days)
    assert answer.error == "ValidationException"
