"""Models to the wire's JSON values and back: nothing is lost, nothing is guessed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Any, get_args, get_origin

import pytest
from attrs import field, fields, frozen, has
from hypothesis import given, strategies as st
from support.model_samples import full, least, plain

from awskms_lite.converter import from_wire, to_dict, to_wire
from awskms_lite.errors import ParameterError, ProtocolError
from awskms_lite.models.custom_key_stores import (
    CreateCustomKeyStoreRequest,
    XksProxyAuthenticationCredentialType,
)
from awskms_lite.models.encryption import DecryptResponse
from awskms_lite.models.members import ResponseMetadata
from awskms_lite.models.requests import Bounds
from awskms_lite.models.usage import (
    GetKeyLastUsageRequest,
    GetKeyLastUsageResponse,
    KeyLastUsageData,
    KeyLastUsageTrackingOperation,
)
from awskms_lite.operations.all import ALL_OPERATIONS

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
WHEN = datetime(2026, 4, 27, 12, 0, 0, 123000, tzinfo=UTC)

# Whole milliseconds, any time zone, and a day's distance from where UTC would leave the years 1 to 9999.
ZONES = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(
    lambda offset: timezone(timedelta(seconds=round(offset.total_seconds())))
)
TIMES = st.builds(
    lambda time, millisecond, zone: time.replace(microsecond=1000 * millisecond, tzinfo=zone),
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 - the zone is drawn apart
    st.integers(0, 999),
    ZONES,
)
TEXT = st.text("aZ09-:/ é\n\U0001f511", max_size=10)
USES = st.builds(
    KeyLastUsageData,
    operation=st.none() | st.sampled_from(KeyLastUsageTrackingOperation) | TEXT,
    timestamp=st.none() | TIMES,
    cloud_trail_event_id=st.none() | TEXT,
    kms_request_id=st.none() | TEXT,
)
RESPONSES = st.builds(
    GetKeyLastUsageResponse,
    key_id=st.none() | TEXT,
    key_last_usage=st.none() | USES,
    tracking_start_date=st.none() | TIMES,
    key_creation_date=st.none() | TIMES,
    metadata=st.builds(ResponseMetadata, request_id=TEXT, status_code=st.just(200), attempts=st.integers(1, 3)),
)


@frozen
class Timed:
    """A model of the tests' own, with a member that must be there."""

    key_creation_date: datetime


class Colour(StrEnum):
    RED = "RED"


@frozen(kw_only=True)
class Part:
    """A structure of the tests' own, with a name that keeps to no rule."""

    aws_account_id: str | None = field(default=None, metadata={"wire": "AWSAccountId"})


@frozen(kw_only=True)
class Everything:
    """A model of the tests' own, with a member of each kind that KMS has beside times."""

    blob: Annotated[bytes, Bounds(1, 4)] | None = None
    flag: bool | None = None
    number: int | None = None
    pairs: Mapping[str, str] | None = None
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    texts: tuple[Annotated[str, Bounds(1, 4)], ...] = ()
    colours: tuple[Colour | str, ...] = ()


def time_of(value: object) -> datetime:
    return from_wire(Timed, {"KeyCreationDate": value}).key_creation_date


def wire(moment: datetime) -> float:
    number: float = to_wire(Timed(moment))["KeyCreationDate"]
    return number


@given(RESPONSES)
def test_a_model_survives_the_way_to_the_wire_and_back(model: GetKeyLastUsageResponse) -> None:
    """Whatever a model holds is there again after its JSON has been written and read."""
    text = json.dumps(to_wire(model))
    again = from_wire(GetKeyLastUsageResponse, json.loads(text))
    assert again == model
    assert again.verdict == model.verdict
    assert json.dumps(to_wire(again)) == text


@given(RESPONSES)
def test_what_is_absent_stays_off_the_wire(model: GetKeyLastUsageResponse) -> None:
    """The wire holds CamelCase names, no null, no empty use, and nothing of the HTTP exchange."""
    members = to_wire(model)
    assert members.keys() <= {"KeyId", "KeyLastUsage", "TrackingStartDate", "KeyCreationDate"}
    used = members.get("KeyLastUsage", {"": 1})
    assert used
    assert None not in [*members.values(), *used.values()]


@given(TIMES)
def test_times_are_exact_to_the_millisecond(moment: datetime) -> None:
    """A time keeps its milliseconds both ways, in UTC, whatever its zone was, from year 1 to year 9999."""
    number = wire(moment)
    assert number == pytest.approx((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds(), abs=1e-4)
    assert time_of(number) == moment
    assert time_of(number).utcoffset() == timedelta(0)
    assert time_of(float(f"{number:.15e}")) == moment


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (0.001, datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)),
        (-0.001, datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
        (1777291200, datetime(2026, 4, 27, 12, tzinfo=UTC)),
        (1777291200.0, datetime(2026, 4, 27, 12, tzinfo=UTC)),
        (1777291200.123, WHEN),
        (1777291200.1226, WHEN),
        (-62135596800, datetime(1, 1, 1, tzinfo=UTC)),
        (253402300799.999, datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_a_number_of_seconds(value: float, moment: datetime) -> None:
    """Whole, fractional, negative or with an exponent: seconds since 1970, to the nearest millisecond."""
    assert time_of(value) == moment


@pytest.mark.parametrize("text", ["1777291200.123", "1.777291200123E9", "1.777291200123e+09", "1777291200123E-3"])
def test_every_form_of_a_json_number_is_the_same_time(text: str) -> None:
    """A number in exponent form, as KMS often writes it, is the same millisecond."""
    assert from_wire(GetKeyLastUsageResponse, json.loads(f'{{"TrackingStartDate":{text}}}')) == (
        GetKeyLastUsageResponse(tracking_start_date=WHEN)
    )


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        (WHEN, "1777291200.123"),
        (WHEN.replace(microsecond=0), "1777291200"),
        (WHEN.replace(microsecond=122600), "1777291200.123"),
        (WHEN.replace(microsecond=999600), "1777291201"),
        (WHEN.astimezone(timezone(timedelta(hours=5, minutes=45))), "1777291200.123"),
        (datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=UTC), "-0.5"),
    ],
)
def test_a_time_is_written_as_short_as_it_is(moment: datetime, number: str) -> None:
    """A time goes out rounded to the millisecond, and as a whole number where it is one."""
    assert json.dumps(wire(moment)) == number


NO_SECONDS: list[object] = [True, False, "1777291200", "", [], {}, float("nan"), float("inf"), float("-inf")]
OUT_OF_RANGE: list[object] = [10**400, -(10**400), 1e300, -62135596800.001, 253402300799.9996, 253402300800]


@pytest.mark.parametrize("value", [*NO_SECONDS, *OUT_OF_RANGE], ids=lambda value: repr(value)[:20])
def test_what_is_no_time_is_refused(value: object) -> None:
    """A boolean, a string, NaN, an infinity and a time no datetime can hold are refused, and not repeated."""
    with pytest.raises(ProtocolError, match="timestamp") as caught:
        time_of(value)
    assert "177" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_naive_datetime_is_refused() -> None:
    """A datetime without a zone could mean any hour of a day, so it never goes out as if it were UTC."""
    naive = datetime(2026, 4, 27)  # noqa: DTZ001 - the point of the test
    with pytest.raises(ParameterError, match=r"time zone.*datetime\.now\(UTC\)"):
        to_wire(GetKeyLastUsageResponse(tracking_start_date=naive))


@pytest.mark.parametrize("value", [1, 1.5, True, [], {}, ["x"]])
@pytest.mark.parametrize("name", ["KeyId", "Operation", "CloudTrailEventId", "KmsRequestId"])
def test_a_string_is_never_made_from_something_else(name: str, value: object) -> None:
    """Where the service model has a string, a number, a boolean, an array or an object is refused."""
    members = {name: value} if name == "KeyId" else {"KeyLastUsage": {name: value}}
    with pytest.raises(ProtocolError, match="string was expected"):
        from_wire(GetKeyLastUsageResponse, members)


@pytest.mark.parametrize("value", [1, "", "x", True, False, [], [{}]])
def test_a_structure_is_never_made_from_something_else(value: object) -> None:
    """Where the service model has a structure, anything but an object is refused."""
    with pytest.raises(ProtocolError, match="KeyLastUsageData must be a JSON object"):
        from_wire(GetKeyLastUsageResponse, {"KeyLastUsage": value})


@pytest.mark.parametrize("members", [None, [], "x", 1])
def test_a_model_is_read_from_a_mapping(members: Any) -> None:
    """What is no mapping has no members."""
    with pytest.raises(ProtocolError, match="GetKeyLastUsageResponse must be a JSON object"):
        from_wire(GetKeyLastUsageResponse, members)


def test_a_required_member_that_is_missing_is_named() -> None:
    """Without a required member there is no model, and the error names member and model."""
    with pytest.raises(ProtocolError, match=r"GetKeyLastUsageRequest.*'KeyId' is missing"):
        from_wire(GetKeyLastUsageRequest, {"keyid": KEY})


@pytest.mark.parametrize("nothing", [{}, *({"KeyLastUsage": none} for none in (None, {}, {"New": 1}))])
def test_absent_null_and_empty_are_one(nothing: dict[str, Any]) -> None:
    """No use, told in any of the ways there are, is the same model."""
    assert from_wire(GetKeyLastUsageResponse, nothing) == GetKeyLastUsageResponse()


def test_unknown_members_are_passed_over() -> None:
    """What the service adds one day does not disturb what is known, and does not come back out."""
    members = {"KeyId": KEY, "KeyLastUsage": {"Operation": "Sign", "Who": {"a": 1}}, "Next": [1]}
    model = from_wire(GetKeyLastUsageResponse, members)
    assert to_wire(model) == {"KeyId": KEY, "KeyLastUsage": {"Operation": "Sign"}}


@pytest.mark.parametrize("operation", KeyLastUsageTrackingOperation)
def test_a_known_operation_becomes_its_enum(operation: KeyLastUsageTrackingOperation) -> None:
    """A value of the enum is read as the enum, and written as the plain string."""
    data = from_wire(KeyLastUsageData, {"Operation": operation.value})
    assert data.operation is operation
    assert type(to_wire(data)["Operation"]) is str


@pytest.mark.parametrize("operation", ["decrypt", "DECRYPT", "Decrypt ", "GenerateQuantumKey", ""])
def test_an_unknown_operation_stays_a_string(operation: str) -> None:
    """A value the enum does not have is kept letter by letter, and goes out the same."""
    data = from_wire(KeyLastUsageData, {"Operation": operation})
    assert type(data.operation) is str
    assert to_wire(data) == {"Operation": operation}


def test_a_request_speaks_both_ways_too() -> None:
    """A request can be written and read like a response, and is checked when it is read."""
    request = GetKeyLastUsageRequest(KEY)
    assert to_wire(request) == {"KeyId": KEY}
    assert from_wire(GetKeyLastUsageRequest, {"KeyId": KEY}) == request
    with pytest.raises(ParameterError, match="alias"):
        from_wire(GetKeyLastUsageRequest, {"KeyId": "alias/app"})


ANYTHING = st.builds(
    Everything,
    blob=st.none() | st.binary(max_size=5),
    flag=st.none() | st.booleans(),
    number=st.none() | st.integers(),
    pairs=st.none() | st.dictionaries(TEXT, TEXT, max_size=2),
    part=st.none() | st.builds(Part, aws_account_id=st.none() | TEXT),
    parts=st.lists(st.builds(Part, aws_account_id=TEXT), max_size=2).map(tuple),
    texts=st.lists(TEXT, max_size=2).map(tuple),
    colours=st.lists(st.just(Colour.RED) | TEXT, max_size=2).map(tuple),
)


@given(ANYTHING)
def test_every_kind_of_member_survives(model: Everything) -> None:
    """Blobs, numbers, flags, arrays, mappings and structures come back from their JSON as they went."""
    assert from_wire(Everything, json.loads(json.dumps(to_wire(model)))) == model


def test_every_kind_of_member_has_its_form() -> None:
    """A blob goes out as base64 in one line, an enum as its string, a tuple as an array, and so on."""
    model = Everything(
        blob=bytes(range(250, 256)) * 12,
        flag=False,
        number=0,
        pairs={},
        part=Part(aws_account_id="1"),
        parts=(Part(),),
        texts=("",),
        colours=(Colour.RED, "GREEN"),
    )
    assert to_wire(model) == {
        "Blob": "+vv8/f7/" * 12,
        "Flag": False,
        "Number": 0,
        "Pairs": {},
        "Part": {"AWSAccountId": "1"},
        "Parts": [{}],
        "Texts": [""],
        "Colours": ["RED", "GREEN"],
    }
    assert type(to_wire(model)["Colours"][0]) is str
    assert from_wire(Everything, {"Colours": ["RED"]}).colours[0] is Colour.RED


@pytest.mark.parametrize("name", ["Blob", "Flag", "Number", "Pairs", "Part", "Parts", "Texts", "Colours"])
def test_null_is_absent_whatever_the_kind(name: str) -> None:
    """A member that is null is a member that is not there; of an array, that means an empty one."""
    assert from_wire(Everything, {name: None}) == Everything()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Blob", [1, True, [], {}, "a", "a===", "YQ", "YQ==\n", "Y Q=", "YQ==YQ==", "Y-Q_", "\u0394aaa"]),
        ("Flag", [0, 1, "true", "", [], {}]),
        ("Number", [True, "1", 1.5, [], {}]),
        ("Pairs", [1, "a", ["a"], {"a": 1}, {"a": None}, {"a": ["b"]}]),
        ("Part", [1, "a", [], [{}]]),
        ("Parts", [1, "a", {}, ["a"], [[]], [None]]),
        ("Texts", [1, "a", {}, [1], [None]]),
        ("Colours", [1, "RED", {"RED": 1}, [1], [["RED"]]]),
    ],
)
def test_a_value_of_another_kind_is_refused_and_not_repeated(name: str, values: list[object]) -> None:
    """What is no base64, flag, number, mapping or array where one is due is an error that holds nothing of it."""
    for value in values:
        with pytest.raises(ProtocolError) as caught:
            from_wire(Everything, {name: value})
        assert "RED" not in str(caught.value)
        assert "Y" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_required_member_within_is_named() -> None:
    """Without a required member of a structure within there is no model either."""

    @frozen
    class Box:
        """A model around another."""

        timed: Timed

    with pytest.raises(ProtocolError, match="'KeyCreationDate' is missing"):
        from_wire(Box, {"Timed": {}})


# Plain values.


def all_models(cls: type) -> Iterator[type]:
    yield cls
    for member in fields(cls):
        inner = plain(member.type)
        inner = plain(get_args(inner)[0]) if get_origin(inner) in (tuple, Sequence) else inner
        if has(inner):
            yield from all_models(inner)


MODELS = {
    model
    for operation in ALL_OPERATIONS
    for root in (operation.request, operation.response, operation.for_recipient or operation.response)
    for model in all_models(root)
}


@pytest.mark.parametrize("model", sorted(MODELS, key=str), ids=lambda model: model.__name__)
def test_every_model_can_be_json(model: type) -> None:
    """Any model is a dict of its members for `json.dumps`, without metadata, and without secrets unless asked."""
    names = [member.name for member in fields(model) if member.name != "metadata"]
    hidden = {member.name for member in fields(model) if member.repr is False}
    for members in (full(model), {}):
        whole = least(model, **members)
        assert list(to_dict(whole, secrets=True)) == names
        assert list(to_dict(whole)) == [name for name in names if name not in hidden]
        for shown in (to_dict(whole, secrets=True), to_dict(whole)):
            assert json.loads(json.dumps(shown, allow_nan=False)) == shown


def test_each_kind_of_member_has_its_plain_form() -> None:
    """Texts, numbers and flags stay; blobs, times, enums, lists, mappings and models become what JSON has."""
    model = Everything(
        blob=b"\xfb\xff",
        flag=False,
        number=0,
        pairs={"a": "b"},
        part=Part(aws_account_id="1"),
        parts=(Part(),),
        texts=("",),
        colours=(Colour.RED, "GREEN"),
    )
    plain_model = to_dict(model)
    assert plain_model == {
        "blob": "+/8=",
        "flag": False,
        "number": 0,
        "pairs": {"a": "b"},
        "part": {"aws_account_id": "1"},
        "parts": [{"aws_account_id": None}],
        "texts": [""],
        "colours": ["RED", "GREEN"],
    }
    assert type(plain_model["colours"][0]) is str
    assert plain_model["pairs"] is not model.pairs


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (WHEN, "2026-04-27T12:00:00.123Z"),
        (WHEN.replace(microsecond=0), "2026-04-27T12:00:00.000Z"),
        (WHEN.astimezone(timezone(timedelta(hours=2))), "2026-04-27T12:00:00.123Z"),
    ],
)
def test_a_time_is_a_text_in_utc(moment: datetime, text: str) -> None:
    """A time is ISO 8601 in UTC with milliseconds, whatever its zone was."""
    assert to_dict(Timed(moment)) == {"key_creation_date": text}
    assert datetime.fromisoformat(text) == moment


def test_secrets_are_told_on_request_only() -> None:
    """Plaintext is left out of a response, and of a model within another, unless it is asked for."""
    answer = DecryptResponse(key_id=KEY, plaintext=b"gold")
    assert to_dict(answer) == {"key_id": KEY, "encryption_algorithm": None, "key_material_id": None}
    assert to_dict(answer, secrets=True)["plaintext"] == "Z29sZA=="
    credential = XksProxyAuthenticationCredentialType(access_key_id="A" * 20, raw_secret_access_key="s" * 43)
    request = CreateCustomKeyStoreRequest(
        custom_key_store_name="n", xks_proxy_authentication_credential=credential
    )
    assert to_dict(request)["xks_proxy_authentication_credential"] == {}
    assert to_dict(request, secrets=True)["xks_proxy_authentication_credential"] == {
        "access_key_id": "A" * 20,
        "raw_secret_access_key": "s" * 43,
    }


def test_what_is_no_model_is_no_dict() -> None:
    """Anything else is refused, and so is a time without a zone; no error repeats a value."""
    for value in ("secret", {"a": "secret"}, None):
        with pytest.raises(ParameterError, match="model must be a request or a response") as caught:
            to_dict(value)
        assert "secret" not in str(caught.value)
    with pytest.raises(ParameterError, match="no time zone"):
        to_dict(Timed(WHEN.replace(tzinfo=None)))
