"""The operations: each record, its models, and what of it may be sent twice."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from attrs import NOTHING, fields, has
from support.model_samples import CONFLICTING, NEEDED, bounds_of, full, least, plain, sized

import awskms_lite
from awskms_lite.errors import ParameterError
from awskms_lite.models.aliases import CreateAliasRequest, DeleteAliasRequest, UpdateAliasRequest
from awskms_lite.models.encryption import DecryptRequest, ReEncryptRequest
from awskms_lite.models.members import KMSResponse
from awskms_lite.models.recipients import RecipientInfo
from awskms_lite.models.requests import Bounds, KMSRequest
from awskms_lite.models.tags import Tag
from awskms_lite.models.usage import GetKeyLastUsageRequest
from awskms_lite.operations import Operation
from awskms_lite.operations.all import ALL_OPERATIONS

ROOT = Path(awskms_lite.__file__).parent
SUBJECTS = sorted(path.stem for path in (ROOT / "operations").glob("*.py") if path.stem not in ("__init__", "all"))

# What is not to be sent again when the answer to it is lost: it would act twice, or be told that it is done.
ONCE = {
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateCustomKeyStore",
    "CreateGrant",
    "CreateKey",
    "DeleteAlias",
    "DeleteCustomKeyStore",
    "DeleteImportedKeyMaterial",
    "DisconnectCustomKeyStore",
    "ReplicateKey",
    "RetireGrant",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "UpdatePrimaryRegion",
}


def by_name(operation: Operation[Any, Any]) -> str:
    return operation.name


every_operation = pytest.mark.parametrize("operation", ALL_OPERATIONS, ids=by_name)


BOUNDED = [
    (operation, member, bounds)
    for operation in ALL_OPERATIONS
    for member in fields(operation.request)
    if (bounds := bounds_of(member.type))
]


def models(cls: type) -> Iterator[type]:
    """Yield a model and those within it."""
    yield cls
    for member in fields(cls):
        inner = plain(member.type)
        if get_origin(inner) in (tuple, Sequence):
            inner = plain(get_args(inner)[0])
        if has(inner):
            yield from models(inner)


def all_models(operation: Operation[Any, Any]) -> set[type]:
    """Return the models of an operation, and those within them."""
    roots = (operation.request, operation.response, operation.for_recipient or operation.response)
    return {model for root in roots for model in models(root)}


@every_operation
def test_an_operation_is_of_one_piece(operation: Operation[Any, Any]) -> None:
    """An operation's models carry its name; there is a response for a recipient if a request can have one."""
    assert operation.request.__name__ == f"{operation.name}Request"
    has_recipient = "recipient" in {member.name for member in fields(operation.request)}
    assert has_recipient is (operation.for_recipient is not None)
    if operation.for_recipient is not None:
        assert operation.for_recipient.__name__ == f"{operation.name}ForRecipientResponse"
        assert operation.response_to(least(operation.request)) is operation.response
        assert (
            operation.response_to(least(operation.request, recipient=RecipientInfo())) is operation.for_recipient
        )
    assert issubclass(operation.response, KMSResponse)
    assert operation.response is KMSResponse or operation.response.__name__.endswith("Response")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_is_in_the_list(subject: str) -> None:
    """No operation is left out of the list of all, and each is named as it is written in code."""
    tree = ast.parse((ROOT / "operations" / f"{subject}.py").read_text(encoding="utf-8"))
    names = [ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)]
    listed = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation.name).upper() for operation in ALL_OPERATIONS}
    assert names
    assert set(names) <= listed


@every_operation
def test_a_request_without_what_it_needs_is_refused(operation: Operation[Any, Any]) -> None:
    """None for a required member is refused, by the member's name; an optional one may be None."""
    least(operation.request)
    for member in fields(operation.request):
        if member.default is NOTHING:
            with pytest.raises(ParameterError, match=rf"^{member.name} (is required|must be)"):
                least(operation.request, **{member.name: None})
        elif member.name in NEEDED.get(operation.request.__name__, {}):
            with pytest.raises(ParameterError, match=member.name):
                least(operation.request, **{member.name: None})
        else:
            assert least(operation.request, **{member.name: None}) == least(operation.request)


@every_operation
def test_a_request_refuses_what_is_of_no_kind(operation: Operation[Any, Any]) -> None:
    """No member of any request takes an object of another type, and the error names the member and the type."""
    for member in fields(operation.request):
        with pytest.raises(ParameterError, match=rf"^{member.name} must be .*not NotImplementedType"):
            least(operation.request, **{member.name: NotImplemented})


@pytest.mark.parametrize(("operation", "member", "bounds"), BOUNDED, ids=lambda value: getattr(value, "name", "-"))
def test_the_bounds_of_a_request_hold(operation: Operation[Any, Any], member: Any, bounds: Bounds) -> None:
    """Each bound of each member is the last value that is taken, at either end."""
    for size in bounds:
        value = sized(member.type, size)
        assert getattr(least(operation.request, **{member.name: value}), member.name) == value
    for size in {bounds.low - 1, bounds.high + 1} - {-1}:
        with pytest.raises(ParameterError, match=rf"^{member.name} .*: pass {bounds}"):
            least(operation.request, **{member.name: sized(member.type, size)})


def secret(kind: Any) -> Any:
    """Return a value that is easily found where it must not be."""
    kind = plain(kind)
    if get_origin(kind) in (tuple, Sequence):
        return (secret(get_args(kind)[0]),)
    return b"\xfa\xce" * 8 if kind is bytes else "\u0394" * 20


@every_operation
def test_what_is_sensitive_stays_out_of_sight(operation: Operation[Any, Any]) -> None:
    """No model shows a member that is marked as sensitive, and an error about it does not repeat it."""
    for model in all_models(operation):
        for member in fields(model):
            if member.repr is False and member.name != "metadata":
                shown = ascii(least(model, **{member.name: secret(member.type)}))
                assert "\\u0394" not in shown
                assert "\\xfa" not in shown


@every_operation
def test_what_may_be_sent_twice(operation: Operation[Any, Any]) -> None:
    """What may be repeated when its answer is lost is decided for each operation."""
    assert operation.is_idempotent(least(operation.request)) is (operation.name not in ONCE)


def test_a_record_may_ask_the_request() -> None:
    """Whether a call may be repeated can depend on what it says."""
    row = ALL_OPERATIONS[0]._replace(idempotent=lambda request: request.key_id == "named")
    assert row.is_idempotent(GetKeyLastUsageRequest("named"))
    assert not row.is_idempotent(GetKeyLastUsageRequest("other"))


@every_operation
def test_what_answers_in_pages_is_asked_in_pages(operation: Operation[Any, Any]) -> None:
    """An operation that names the items of a page has the members that pages take; any other has none of them."""
    pages = operation.pages
    asked = {member.name for member in fields(operation.request)} & {pages.size, pages.marker}
    told = {member.name for member in fields(operation.response)} & {pages.next_marker, pages.truncated}
    expected = len({pages.next_marker, pages.truncated} - {None})
    assert (len(asked), len(told)) == ((0, 0) if operation.items is None else (2, expected))
    if operation.items is not None:
        assert getattr(operation.response(), operation.items) == ()


@every_operation
def test_every_model_is_hashable(operation: Operation[Any, Any]) -> None:
    """Any model can be a key of a dict, mappings in it or not: equal models have equal hashes."""
    for model in all_models(operation):
        once, again = (model(**full(model)) for _ in range(2))
        assert once == again
        assert len({once, again}) == 1


@every_operation
def test_what_goes_together_is_required_together(operation: Operation[Any, Any]) -> None:
    """A request that needs one of two ways to say something takes neither none nor both."""
    needed = NEEDED.get(operation.request.__name__, {})
    instead = CONFLICTING.get(operation.request.__name__, {})
    if needed:
        with pytest.raises(ParameterError, match=next(iter(needed))):
            least(operation.request, **dict.fromkeys(needed))
    for name, value in instead.items():
        least(operation.request, **{name: value})
        with pytest.raises(ParameterError, match=name):
            least(operation.request, **{name: value}, **needed)
    if len(instead) > 1:
        for name in instead:
            with pytest.raises(ParameterError, match=name):
                least(operation.request, **{**instead, name: None})


def test_a_dry_run_may_ignore_the_ciphertext() -> None:
    """A ciphertext may be left out of a dry run that ignores it, and of no other request."""
    ignoring: dict[str, Any] = {"ciphertext_blob": None, "dry_run_modifiers": ["IGNORE_CIPHERTEXT"]}
    for request in (DecryptRequest, ReEncryptRequest):
        least(request, **ignoring, dry_run=True)
        for wrong in ({}, {"dry_run": False}, {"dry_run": True, "dry_run_modifiers": ["OTHER"]}):
            with pytest.raises(ParameterError, match="ciphertext_blob is required, except with dry_run=True"):
                least(request, **{**ignoring, **wrong})


ALIASES = ["alias/app", "arn:aws:kms:us-east-2:111122223333:alias/app"]
OTHER_IDS = ("custom_key_store_id", "xks_key_id")


@every_operation
@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_refused_unless_the_operation_takes_one(operation: Operation[Any, Any], alias: str) -> None:
    """Only cryptographic operations, DescribeKey and GetPublicKey take an alias for a key."""
    uses = re.match("De|Encr|Enca|Generate|GetPublicKey|ReEncrypt|Sign|Verify", operation.name)
    takes_aliases = uses is not None and not operation.name.startswith(("Delete", "DescribeC"))
    for member in fields(operation.request):
        if member.name.endswith("key_id") and member.name not in OTHER_IDS:
            if takes_aliases:
                least(operation.request, **{member.name: alias})
            else:
                with pytest.raises(ParameterError, match=rf"^{member.name} .* is an alias, .*: pass a key id"):
                    least(operation.request, **{member.name: alias})


@pytest.mark.parametrize("request_type", [CreateAliasRequest, UpdateAliasRequest, DeleteAliasRequest])
def test_an_alias_name_needs_its_prefix(request_type: type) -> None:
    """An alias name without "alias/" is refused with the reason."""
    for name in ("orders", "Alias/orders", "/alias/orders", "arn:aws:kms:us-east-2:111122223333:alias/orders"):
        with pytest.raises(ParameterError, match="alias names begin with 'alias/'"):
            least(request_type, alias_name=name)
    assert least(request_type, alias_name="alias/orders").alias_name == "alias/orders"


@every_operation
def test_every_model_is_described_and_frozen(operation: Operation[Any, Any]) -> None:
    """Each model has a docstring of its own, takes its members by name, and does not change."""
    for model in all_models(operation):
        assert model.__doc__
        assert not model.__doc__.startswith("Method generated")
        assert model.__hash__ is not None
        assert (
            all(member.kw_only for member in fields(model)) or model is Tag or model.__module__.endswith(".usage")
        )
    assert issubclass(operation.request, KMSRequest | GetKeyLastUsageRequest)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_loads_alone(subject: str) -> None:
    """Who uses the operations of one subject loads no other, but for the models that theirs are made of."""
    code = f"import sys, awskms_lite.operations.{subject}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    rows = {
        name.rpartition(".")[2] for name in result.stdout.split() if name.startswith("awskms_lite.operations.")
    }
    assert rows == {subject}


def test_what_changes_something_is_known() -> None:
    """Whatever KMS keeps changes by these alone: not by what asks, and not by what only uses a key."""
    uses = (
        "Decapsulate",
        "Decrypt",
        "Encapsulate",
        "Encrypt",
        "ReEncrypt",
        "Sign",
        "Verify",
        "Derive",
        "Generate",
    )
    asks = ("Describe", "Get", "List", "LookupEvents")
    changing = {row.name for row in ALL_OPERATIONS if row.mutating}
    assert changing == {row.name for row in ALL_OPERATIONS if not row.name.startswith((*uses, *asks))}
    assert {row.name for row in ALL_OPERATIONS if row.idempotent is not True} <= changing
