"""The methods of the two clients: the same on both, one for each operation, and each says what it does."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from attrs import NOTHING, fields
from support.docstrings import declared_errors, docstring, method_name
from support.model_samples import answer_to, full, least
from support.servers import CREDENTIALS, WAYS, Way, open_way

from awskms_lite import AsyncKMSClient, KMSClient, errors, to_wire
from awskms_lite.errors import (
    KMSLiteError,
    ParameterError,
    ProtocolError,
    ServiceError,
    StateError,
    TimeoutError,
)
from awskms_lite.models.aliases import AliasListEntry
from awskms_lite.models.custom_key_stores import CustomKeyStoresListEntry
from awskms_lite.models.keys import KeyMetadata
from awskms_lite.models.members import KMSResponse
from awskms_lite.models.tags import Tag
from awskms_lite.operations import Operation
from awskms_lite.operations.all import ALL_OPERATIONS

# The permission to call an operation has its name, but here.
PERMISSIONS = {"ReEncrypt": ["ReEncryptFrom", "ReEncryptTo"]}
ARN = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def by_name(operation: Operation[Any, Any]) -> str:
    return operation.name


def public(cls: type) -> dict[str, Callable[..., Any]]:
    return {name: value for name, value in inspect.getmembers(cls, inspect.isfunction) if name[0] != "_"}


OF_KMS = [operation for operation in ALL_OPERATIONS if operation.service.name == "kms"]
every_operation = pytest.mark.parametrize("operation", OF_KMS, ids=by_name)
every_method = pytest.mark.parametrize("name", sorted(public(KMSClient).keys() - {"close", "in_region"}))


def test_both_clients_have_the_same_methods() -> None:
    """What one client can do the other can too, under the same name; closing alone is told apart."""
    assert public(KMSClient).keys() - {"close"} == public(AsyncKMSClient).keys() - {"aclose"}


@every_method
def test_a_method_is_the_same_on_both_clients(name: str) -> None:
    """A method has the same parameters, defaults, types and docstring on both clients."""
    ours, theirs = (inspect.signature(getattr(cls, name)) for cls in (KMSClient, AsyncKMSClient))
    assert list(ours.parameters.values()) == list(theirs.parameters.values())
    listing = str(theirs.return_annotation).startswith("AsyncListing[")
    assert str(ours.return_annotation) == str(theirs.return_annotation).removeprefix("Async" if listing else "")
    assert inspect.iscoroutinefunction(getattr(AsyncKMSClient, name)) is not listing
    assert inspect.getdoc(getattr(KMSClient, name)) == inspect.getdoc(getattr(AsyncKMSClient, name)) != None  # noqa: E711


SUBJECTS = [
    ("Decrypt", "ciphertext_blob"),
    ("GenerateRandom", "number_of_bytes"),
    ("ReEncrypt", "ciphertext_blob"),
]
"""What a call is about, though the service model calls it optional."""


@every_operation
def test_a_method_takes_what_its_request_has(operation: Operation[Any, Any]) -> None:
    """A method's parameters are the members of its request and `timeout`; what is optional goes by its name."""
    parameters = dict(inspect.signature(getattr(KMSClient, method_name(operation))).parameters)
    parameters.pop("self")
    assert (parameters["timeout"].kind, parameters.pop("timeout").default) == (
        inspect.Parameter.KEYWORD_ONLY,
        None,
    )
    members = {member.name: member for member in fields(operation.request)}
    assert parameters.keys() == members.keys()
    for name, parameter in parameters.items():
        required = members[name].default is NOTHING
        assert parameter.default is (inspect.Parameter.empty if required else None)
        keyword_only = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert required or keyword_only or (operation.name, name) in SUBJECTS


@every_operation
def test_a_docstring_says_what_can_go_wrong(operation: Operation[Any, Any]) -> None:
    """A method's docstring names the permission that it takes, and ends in its errors, each once, in order."""
    text = docstring(operation)
    for action in PERMISSIONS.get(operation.name, [operation.name]):
        assert f"`kms:{action}`" in text or "Permission: none" in text
    names = declared_errors(operation)
    assert names == sorted(set(names))
    assert all(issubclass(getattr(errors, name), ServiceError) for name in names)


@pytest.mark.parametrize("operation", [row for row in OF_KMS if row.items], ids=by_name)
def test_what_answers_in_pages_has_an_iterator(operation: Operation[Any, Any]) -> None:
    """Beside the method for a page there is one for all, which takes two sizes in place of a limit."""
    page = dict(inspect.signature(getattr(KMSClient, method_name(operation))).parameters)
    whole = dict(inspect.signature(getattr(KMSClient, f"iter_{method_name(operation)}")).parameters)
    limit = page.pop("limit")
    assert [whole.pop(name) for name in ("page_size", "max_items")] == [
        limit.replace(name="page_size"),
        limit.replace(name="max_items"),
    ]
    assert page == whole


class KMS:
    """Answers by operation from a script, the last answer again and again, and keeps what it was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        operation = request.headers["x-amz-target"].removeprefix("TrentService.")
        self.asked.append((operation, json.loads(request.content)))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return httpx.Response(400 if "__type" in answer else 200, json=answer)


class Shop:
    """A client of either kind beside the KMS that it asks."""

    def __init__(self, way: Way) -> None:
        self._way = way

    def client(self, kms: KMS) -> Any:
        http_client = self._way.http_client(transport=httpx.MockTransport(kms))
        options = {"region": "us-east-2", "environ": {}, "credentials": CREDENTIALS, "http_client": http_client}
        return self._way.client(**options, clock=self.clock).client

    def clock(self) -> float:
        return sum(self._way.pauses)

    def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self._way.run(lambda: method(*args, **kwargs))

    def next(self, listing: Any) -> Any:
        """Return the next item, "end" if there is none."""
        if self._way.is_sync:
            return next(listing, "end")

        async def following() -> Any:
            return await anext(listing, "end")

        return self._way.run(following)

    @property
    def pauses(self) -> list[float]:
        return self._way.pauses


@pytest.fixture(params=WAYS)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with open_way(request.param) as way:
        yield Shop(way)


def test_a_method_sends_its_arguments(shop: Shop) -> None:
    """A call sends what it was given under AWS's names, and an operation without an answer gives its metadata."""
    kms = KMS({})
    answer = shop.call(shop.client(kms).tag_resource, ARN, [Tag(tag_key="a", tag_value="")])
    assert kms.asked == [("TagResource", {"KeyId": ARN, "Tags": [{"TagKey": "a", "TagValue": ""}]})]
    assert type(answer) is KMSResponse
    assert (answer.metadata.status_code, answer.metadata.attempts) == (200, 1)


def as_listing(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of an iterator for those of the method for one page."""
    return {"page_size" if name == "limit" else name: value for name, value in arguments.items()}


@every_operation
def test_a_method_passes_on_all_that_it_takes(shop: Shop, operation: Operation[Any, Any]) -> None:
    """Each argument of a method reaches KMS under its own name, and so does each of an iterator's."""
    arguments = full(operation.request)
    request = operation.request(**arguments)
    expected = operation.name, to_wire(request)
    kms = KMS(answer_to(operation, request))
    client = shop.client(kms)
    shop.call(getattr(client, method_name(operation)), **arguments)
    if operation.items is not None:
        shop.next(getattr(client, f"iter_{method_name(operation)}")(**as_listing(arguments)))
    assert kms.asked == [expected] * (1 if operation.items is None else 2)


@every_operation
def test_a_method_has_a_timeout_of_its_own(shop: Shop, operation: Operation[Any, Any]) -> None:
    """The `timeout` of a method counts for its call, and that of an iterator for each page: here, a wrong one."""
    kms = KMS({})
    client, arguments = shop.client(kms), full(operation.request)
    with pytest.raises(KMSLiteError, match="timeout"):
        shop.call(getattr(client, method_name(operation)), **arguments, timeout=-1)
    if operation.items is not None:
        with pytest.raises(KMSLiteError, match="timeout"):
            getattr(client, f"iter_{method_name(operation)}")(**as_listing(arguments), timeout=-1)
    assert kms.asked == []


def test_a_wrong_argument_is_refused_before_it_is_sent(shop: Shop) -> None:
    """Nothing goes out for a call whose arguments break a rule."""
    kms = KMS({})
    client = shop.client(kms)
    with pytest.raises(ParameterError, match="tag_keys must be a list, a tuple or a set, not str"):
        shop.call(client.untag_resource, ARN, "Department")
    with pytest.raises(ParameterError, match="eu-west-1"):
        shop.call(client.create_alias, "alias/a", ARN.replace("us-east-2", "eu-west-1"))
    assert kms.asked == []


def test_a_change_without_a_whole_answer_may_have_been_made(shop: Shop) -> None:
    """A change whose answer lacks what KMS always sends has an unknown outcome; a call that only reads has not."""
    kms = KMS({"GrantToken": "t"})
    grant = {"operations": ["Decrypt"], "grantee_principal": "arn"}
    with pytest.raises(ProtocolError, match=r"CreateGrant.*'GrantId' is missing") as caught:
        shop.call(shop.client(kms).create_grant, ARN, **grant)
    assert caught.value.outcome_unknown
    assert len(kms.asked) == 1
    with pytest.raises(ProtocolError, match=r"Encrypt.*'CiphertextBlob' is missing") as caught:
        shop.call(shop.client(KMS({"KeyId": ARN})).encrypt, ARN, b"p")
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("key_id", ["alias/orders", ARN.replace("key/", "alias/"), ARN, ARN.rpartition("/")[2]])
def test_the_arn_of_a_key_is_resolved(shop: Shop, key_id: str) -> None:
    """An alias, its ARN, a key id and a key's ARN lead to the key's ARN, by one DescribeKey."""
    kms = KMS({"KeyMetadata": to_wire(least(KeyMetadata, key_id=ARN.rpartition("/")[2], arn=ARN))})
    assert shop.call(shop.client(kms).resolve_key, key_id) == ARN
    assert kms.asked == [("DescribeKey", {"KeyId": key_id})]


def test_an_alias_of_another_region_is_not_resolved(shop: Shop) -> None:
    """A region knows its own aliases alone, so another's is refused before it is sent."""
    kms = KMS({})
    with pytest.raises(ParameterError, match="eu-west-1"):
        shop.call(shop.client(kms).resolve_key, "arn:aws:kms:eu-west-1:111122223333:alias/orders")
    assert kms.asked == []


@pytest.mark.parametrize("timeout", [timedelta(milliseconds=1500), 1.5])
def test_a_timeout_may_be_a_timedelta(shop: Shop, timeout: Any) -> None:
    """A timedelta is as good as its seconds: for a call, the pages of a listing, and a wait."""
    client = shop.client(KMS(CREATING))
    with pytest.raises(TimeoutError, match=r"after 1\.5 s"):
        shop.call(client.wait_until_enabled, "k", timeout=timeout)
    for wrong in (timedelta(seconds=-1), timedelta(0)):
        with pytest.raises(ParameterError, match=r"timeout is datetime\.timedelta\(.*\): pass a positive number"):
            shop.call(client.describe_key, "k", timeout=wrong)
        with pytest.raises(ParameterError, match=r"timeout is datetime\.timedelta\(.*\): pass a positive number"):
            shop.next(client.iter_list_keys(timeout=wrong))


def test_plain_python_is_taken(shop: Shop) -> None:
    """Tags may be a mapping, policies and constraints mappings too, and lists sets."""
    made = {"KeyMetadata": to_wire(least(KeyMetadata))}
    kms = KMS(made, {"GrantToken": "t", "GrantId": "g"}, {})
    client = shop.client(kms)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Sid": "\u00e9"}]}
    shop.call(client.create_key, tags={"a": "b", "c": ""}, policy=policy)
    constraints = {"EncryptionContextSubset": {"tenant": "42"}, "source_arn": "arn:aws:s3:::bucket-of-mine"}
    grant = {"operations": {"Encrypt", "Decrypt"}, "grantee_principal": "arn", "constraints": constraints}
    shop.call(client.create_grant, ARN, **grant)
    shop.call(client.put_key_policy, ARN, policy)
    shop.call(client.tag_resource, ARN, [Tag("a", "b")])
    text = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Sid":"\\u00e9"}]}'
    tags = [{"TagKey": "a", "TagValue": "b"}, {"TagKey": "c", "TagValue": ""}]
    assert kms.asked[0] == ("CreateKey", {"Policy": text, "Tags": tags})
    assert kms.asked[1][1]["Operations"] == ["Decrypt", "Encrypt"]
    assert kms.asked[1][1]["Constraints"] == {
        "EncryptionContextSubset": {"tenant": "42"},
        "SourceArn": "arn:aws:s3:::bucket-of-mine",
    }
    assert kms.asked[2] == ("PutKeyPolicy", {"KeyId": ARN, "Policy": text})
    assert kms.asked[3] == ("TagResource", {"KeyId": ARN, "Tags": tags[:1]})


WORD = "shibboleth"
GRANTED = {"operations": (), "grantee_principal": "arn"}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("create_key", {"policy": {"a": {WORD}}}, "policy is a mapping that is not JSON"),
    ("create_key", {"policy": {"a": float("nan")}}, "policy is a mapping that is not JSON"),
    ("create_key", {"policy": [WORD]}, "policy must be a str, not list"),
    ("create_key", {"tags": {WORD: 1}}, r"tags\[0\].tag_value must be a str, not int"),
    ("create_key", {"tags": {1: WORD}}, r"tags\[0\].tag_key must be a str, not int"),
    ("create_grant", {**GRANTED, "constraints": {WORD: {}}}, "constraints is a mapping with wrong names"),
    ("create_grant", {**GRANTED, "constraints": {1: WORD}}, "constraints is a mapping with wrong names"),
    (
        "create_grant",
        {**GRANTED, "constraints": {"SourceArn": WORD * 3, "source_arn": WORD * 3}},
        "constraints is a mapping with wrong names",
    ),
    (
        "create_grant",
        {**GRANTED, "constraints": {"SourceArn": {WORD: WORD}}},
        "constraints.source_arn must be a str, not dict",
    ),
]


@pytest.mark.parametrize(("method", "arguments", "text"), WRONG)
def test_wrong_plain_python_is_refused(shop: Shop, method: str, arguments: dict[str, Any], text: str) -> None:
    """A mapping that does not stand for what is wanted is refused before it is sent, and not repeated."""
    kms = KMS({})
    key = () if method == "create_key" else (ARN,)
    with pytest.raises(ParameterError, match=text) as caught:
        shop.call(getattr(shop.client(kms), method), *key, **arguments)
    assert WORD not in f"{caught.value!r}{caught.value.__context__!r}"
    assert kms.asked == []


def entry(name: str) -> AliasListEntry:
    return AliasListEntry(alias_name=name, alias_arn=f"arn:{name}")


def page(*names: str, then: str | None = None) -> dict[str, Any]:
    return {
        "Aliases": [to_wire(entry(name)) for name in names],
        **({"NextMarker": then, "Truncated": True} if then else {"Truncated": False}),
    }


def test_a_listing_goes_on_to_its_end(shop: Shop) -> None:
    """A listing asks for a page when its first item is wanted, with the marker of the page before, to the last."""
    kms = KMS(page("a", "b", then="m1"), page(then="m2"), page("c"))
    listing = shop.client(kms).iter_list_aliases(key_id="k", page_size=2)
    assert (kms.asked, listing.marker) == ([], None)
    assert shop.next(listing) == entry("a")
    assert (len(kms.asked), listing.marker) == (1, None)
    assert shop.next(listing) == entry("b")
    assert (len(kms.asked), listing.marker) == (1, "m1")
    assert shop.next(listing) == entry("c")
    assert listing.marker is None
    assert [shop.next(listing), shop.next(listing)] == ["end", "end"]
    first = {"KeyId": "k", "Limit": 2}
    assert kms.asked == [("ListAliases", {**first, **more}) for more in ({}, {"Marker": "m1"}, {"Marker": "m2"})]


def test_a_listing_can_be_resumed(shop: Shop) -> None:
    """A listing begins where the marker of an earlier one says."""
    kms = KMS(page("c"))
    listing = shop.client(kms).iter_list_aliases(marker="m1")
    assert listing.marker == "m1"
    assert shop.next(listing) == entry("c")
    assert kms.asked == [("ListAliases", {"Marker": "m1"})]


def test_a_listing_refuses_wrong_arguments_at_once(shop: Shop) -> None:
    """A wrong argument is refused when the listing is made, not when it is first used."""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"page_size": 0}, "page_size is 0: pass 1 to 1000."),
        ({"page_size": 1001}, "page_size is 1001: pass 1 to 1000."),
        ({"page_size": "5"}, "page_size must be an int, not str: pass 1 to 1000."),
        ({"max_items": 0}, "max_items is 0: pass 1 or more, or None for all."),
        ({"max_items": -1}, "max_items is -1: pass 1 or more, or None for all."),
        ({"max_items": True}, "max_items must be an int, not bool: pass 1 or more, or None for all."),
        ({"max_items": 1.0}, "max_items must be an int, not float: pass 1 or more, or None for all."),
        ({"marker": ""}, "marker has a length of 0: pass 1 to 1024 characters."),
    ]
    client = shop.client(KMS({}))
    for arguments, text in wrong:
        with pytest.raises(ParameterError) as caught:
            client.iter_list_aliases(**arguments)
        assert str(caught.value) == text
    with pytest.raises(TypeError, match="limit"):
        client.iter_list_aliases(limit=5)


@pytest.mark.parametrize(("most", "pages"), [(1, 1), (2, 1), (3, 3), (4, 3), (9, 3)])
def test_a_listing_may_end_early(shop: Shop, most: int, pages: int) -> None:
    """A listing has `max_items` items at most, and asks for no more pages than these need."""
    kms = KMS(page("a", "b", then="m1"), page(then="m2"), page("c", "d"))
    listing = shop.client(kms).iter_list_aliases(max_items=most)
    items: list[Any] = []
    while (item := shop.next(listing)) != "end":
        items.append(item.alias_name)
    assert items == ["a", "b", "c", "d"][:most]
    assert len(kms.asked) == pages
    assert listing.ended is (most >= 4)


def test_a_listing_that_goes_in_a_circle_ends_in_an_error(shop: Shop) -> None:
    """A marker that was used before would make a listing without end, so it is refused."""
    listing = shop.client(KMS(page("a", then="m1"))).iter_list_aliases()
    assert shop.next(listing) == entry("a")
    with pytest.raises(ProtocolError, match="a marker for the second time"):
        shop.next(listing)


ENABLED, CREATING, DOOMED = (
    {"KeyMetadata": to_wire(least(KeyMetadata, key_id="k", key_state=state))}
    for state in ("Enabled", "Creating", "PendingDeletion")
)
ABSENT = {"__type": "NotFoundException"}


def test_a_key_is_waited_for(shop: Shop) -> None:
    """A client looks at a key until it is enabled, and gives what KMS tells of it then."""
    kms = KMS(CREATING, CREATING, ENABLED)
    assert shop.call(shop.client(kms).wait_until_enabled, "k").key_state == "Enabled"
    assert [name for name, _ in kms.asked] == ["DescribeKey"] * 3
    assert shop.pauses == [1, 2]


def test_a_replica_may_be_unknown_at_first(shop: Shop) -> None:
    """A replica that its region does not know yet is waited for."""
    assert shop.call(shop.client(KMS(ABSENT, CREATING, ENABLED)).wait_until_replica_ready, "k").key_id == "k"


def test_a_key_is_waited_for_until_it_is_gone(shop: Shop) -> None:
    """A key is deleted when KMS does not know it any more."""
    assert shop.call(shop.client(KMS(DOOMED, ABSENT)).wait_until_deleted, "k", timeout=60) is None


def test_a_custom_key_store_is_waited_for(shop: Shop) -> None:
    """A client looks at the one store until it is connected, and gives what KMS tells of it then."""
    looks = [
        {"CustomKeyStores": [to_wire(least(CustomKeyStoresListEntry, connection_state=state))]}
        for state in ("CONNECTING", "CONNECTED")
    ]
    kms = KMS(*looks)
    assert shop.call(shop.client(kms).wait_until_custom_key_store_connected, "s").connection_state == "CONNECTED"
    assert kms.asked == [("DescribeCustomKeyStores", {"CustomKeyStoreId": "s"})] * 2
    assert shop.pauses == [1]


def test_waiting_ends_in_time(shop: Shop) -> None:
    """A state that does not come in time, or not at all, is an error."""
    with pytest.raises(TimeoutError, match=r"was still Creating after 20 s"):
        shop.call(shop.client(KMS(CREATING)).wait_until_key_state, "k", "Enabled", timeout=20)
    with pytest.raises(StateError, match="PendingDeletion"):
        shop.call(shop.client(KMS(DOOMED)).wait_until_enabled, "k")


def test_a_client_loads_no_models() -> None:
    """Importing a client loads no operation's row and no models: a call loads those of its subject."""
    code = "import sys, awskms_lite.client, awskms_lite.async_client; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    ours = {name.removeprefix("awskms_lite.") for name in result.stdout.split()}
    lazy = {name for name in ours if re.match(r"(models|operations)\.|paging|waiting", name)}
    assert lazy == {"models.members"}
