"""GenerateMac and VerifyMac of LocalKMS."""

import base64

import pytest
from support.local_client import Client, b64, last_usage

from awskms_lite.local import LocalKMS


@pytest.mark.parametrize(("bits", "length"), [(224, 28), (256, 32), (384, 48), (512, 64)])
def test_a_mac_is_verified(kms: LocalKMS, call: Client, bits: int, length: int) -> None:
    """GenerateMac gives an HMAC of the hash's length that VerifyMac takes."""
    arn, algorithm = kms.add_key(spec=f"HMAC_{bits}"), f"HMAC_SHA_{bits}"
    made = call("GenerateMac", KeyId=arn, Message=b64(b"m" * 4096), MacAlgorithm=algorithm)
    assert (made["KeyId"], made["MacAlgorithm"]) == (arn, algorithm)
    assert len(base64.b64decode(made["Mac"])) == length
    verified = call("VerifyMac", KeyId=arn, Message=b64(b"m" * 4096), MacAlgorithm=algorithm, Mac=made["Mac"])
    assert verified == {"KeyId": arn, "MacValid": True, "MacAlgorithm": algorithm}


def test_a_mac_is_an_hmac_of_the_keys_own_material(kms: LocalKMS, call: Client) -> None:
    """The same key gives the same MAC for the same message, and every other key another."""
    one, other = kms.add_key(spec="HMAC_256"), kms.add_key(spec="HMAC_256")
    members = {"Message": b64(b"m"), "MacAlgorithm": "HMAC_SHA_256"}
    macs = [call("GenerateMac", KeyId=arn, **members)["Mac"] for arn in (one, one, other)]
    assert macs[0] == macs[1] != macs[2]


def test_a_wrong_mac_is_an_error_and_no_use(kms: LocalKMS, call: Client) -> None:
    """The MAC of another key or message, or a part of the right one, is KMSInvalidMacException and no use."""
    key, unused = kms.add_key(spec="HMAC_256"), kms.add_key(spec="HMAC_256")
    message, algorithm = b64(b"m"), "HMAC_SHA_256"
    right, other = (
        call("GenerateMac", KeyId=key, Message=text, MacAlgorithm=algorithm)["Mac"]
        for text in (message, b64(b"n"))
    )
    part = b64(base64.b64decode(right)[:-1])
    for verifying, mac in ((unused, right), (key, other), (key, part)):
        answer = call.error("VerifyMac", KeyId=verifying, Message=message, MacAlgorithm=algorithm, Mac=mac)
        assert answer.error == "KMSInvalidMacException"
    assert (last_usage(call, key)["Operation"], last_usage(call, unused)) == ("GenerateMac", {})
