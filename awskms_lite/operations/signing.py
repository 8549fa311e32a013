"""The rows about signatures, public keys and message authentication codes."""

from ..errors import KMSInvalidMacException, KMSInvalidSignatureException
from ..models.signing import (
    GenerateMacRequest,
    GenerateMacResponse,
    GetPublicKeyRequest,
    GetPublicKeyResponse,
    SignRequest,
    SignResponse,
    VerifyMacRequest,
    VerifyMacResponse,
    VerifyRequest,
    VerifyResponse,
)
from . import KEY_ID, Operation

# KMS itself answers a signature that does not fit with an error, and never with False. Others in its place do, and
# a caller who only minds errors would take the message for genuine.


def _check_signature(_: VerifyRequest, answer: VerifyResponse) -> None:
    """Raise `KMSInvalidSignatureException` unless the answer says that the signature is valid."""
    if answer.signature_valid is not True:
        raise KMSInvalidSignatureException("The answer does not say that the signature is valid.", status_code=200)


def _check_mac(_: VerifyMacRequest, answer: VerifyMacResponse) -> None:
    """Raise `KMSInvalidMacException` unless the answer says that the code is valid."""
    if answer.mac_valid is not True:
        raise KMSInvalidMacException("The answer does not say that the code is valid.", status_code=200)


SIGN = Operation(
    name="Sign",
    request=SignRequest,
    response=SignResponse,
    idempotent=True,  # a second signature of the same message says no more than the first
    echoes=KEY_ID,
)

VERIFY = Operation(
    name="Verify",
    request=VerifyRequest,
    response=VerifyResponse,
    idempotent=True,
    echoes=KEY_ID,
    check=_check_signature,
)

GET_PUBLIC_KEY = Operation(
    name="GetPublicKey",
    request=GetPublicKeyRequest,
    response=GetPublicKeyResponse,
    idempotent=True,
    echoes=KEY_ID,
)

GENERATE_MAC = Operation(
    name="GenerateMac",
    request=GenerateMacRequest,
    response=GenerateMacResponse,
    idempotent=True,
    echoes=KEY_ID,
)

VERIFY_MAC = Operation(
    name="VerifyMac",
    request=VerifyMacRequest,
    response=VerifyMacResponse,
    idempotent=True,
    echoes=KEY_ID,
    check=_check_mac,
)
