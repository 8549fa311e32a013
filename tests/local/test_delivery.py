"""The actions that deliver a faulty answer, without a socket."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from awskms_lite.local import Drip, Error, Garbage, HangUp, Latency, Reset, Truncated, Unavailable, WrongLength
from awskms_lite.local.http.delivery import ConnectionAction, DeliveryAction, Pause, deliver, refusal
from awskms_lite.local.http.json_service import refuse
from awskms_lite.local.http.messages import Response, render

BODY = b'{"KeyId": "id"}'
WHOLE = render(Response(200, BODY, "request-id"), now=0, keep_alive=True)
HEAD = WHOLE.removesuffix(BODY)


def actions(fault: Any, body: bytes = BODY) -> list[DeliveryAction]:
    """Return the actions for an answer; the noise is all zeros."""
    response = Response(200, body, "request-id")
    return list(deliver(fault, response, now=0, keep_alive=True, noise=lambda count: b"\0" * count))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Latency(2.5), [Pause(2.5), WHOLE]),
        (Reset("during"), [WHOLE[: len(WHOLE) // 2], ConnectionAction.RESET]),
        (Reset("after"), [WHOLE, ConnectionAction.LISTEN, ConnectionAction.RESET]),
        (Truncated(), [WHOLE[:-8], ConnectionAction.CLOSE]),
        (HangUp(), [WHOLE, ConnectionAction.CLOSE]),
        (WrongLength(4), [WHOLE.replace(b"Length: 15", b"Length: 19"), ConnectionAction.CLOSE]),
        (WrongLength(-4), [WHOLE.replace(b"Length: 15", b"Length: 11")]),
        (WrongLength(-99), [WHOLE.replace(b"Length: 15", b"Length: 0")]),
        (Garbage("head"), [b"\x80" + b"\0" * 64, ConnectionAction.CLOSE]),
        (Drip(0.5, size=len(WHOLE) - 1), [WHOLE[:-1], Pause(0.5), WHOLE[-1:]]),
    ],
)
def test_each_fault_has_its_actions(fault: Any, expected: list[DeliveryAction]) -> None:
    """An answer is delayed, cut, mislabelled or replaced as the fault says, and the end follows as it says."""
    assert actions(fault) == expected


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Latency(2.5), [Pause(2.5), HEAD]),
        (Truncated(), [HEAD, ConnectionAction.CLOSE]),
        (WrongLength(4), [HEAD.replace(b"Length: 15", b"Length: 19"), ConnectionAction.CLOSE]),
    ],
)
def test_a_faulty_answer_to_head_has_no_body(fault: Any, expected: list[DeliveryAction]) -> None:
    """What a fault does to an answer leaves it without the body that an answer to HEAD does not have."""
    response = Response(200, BODY, "request-id")
    assert list(deliver(fault, response, now=0, keep_alive=True, head_only=True, noise=bytes)) == expected


@given(size=st.integers(1, 400))
def test_a_drip_sends_the_whole_answer(size: int) -> None:
    """Whatever their size, the pieces are the answer's bytes in order, with a pause between any two."""
    pieces = actions(Drip(0.5, size=size))
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == WHOLE
    assert pieces[1::2] == [Pause(0.5)] * (len(pieces) // 2)
    assert all(isinstance(piece, bytes) and len(piece) <= size for piece in pieces[::2])
    assert len(pieces) % 2 == 1


@given(body=st.binary(min_size=1, max_size=40))
def test_a_truncated_body_is_never_whole(body: bytes) -> None:
    """Half of the body comes, rounded down, so that at least a byte is missing."""
    piece, end = actions(Truncated(), body)
    assert isinstance(piece, bytes)
    sent = piece.partition(b"\r\n\r\n")[2]
    assert body.startswith(sent)
    assert len(sent) == len(body) // 2
    assert end is ConnectionAction.CLOSE


@given(noise=st.binary(min_size=64, max_size=64))
def test_garbage_in_the_body_is_never_json(noise: bytes) -> None:
    """Whatever the seed gives, the length is right, the status is 200 and the body does not decode."""
    response = Response(400, b"{}", "request-id")
    (answer,) = deliver(Garbage("body"), response, now=0, keep_alive=True, noise=lambda count: noise[:count])
    assert isinstance(answer, bytes)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    with pytest.raises(ValueError, match=r"decode|Expecting"):
        json.loads(body)


@pytest.mark.parametrize(
    ("retry_after", "milliseconds"), [(0, "0"), (0.0004, "0"), (0.0015, "2"), (1.25, "1250"), (20, "20000")]
)
def test_retry_after_is_sent_in_whole_milliseconds(retry_after: float, milliseconds: str) -> None:
    """`x-amz-retry-after` has neither a fraction nor an exponent."""
    answer = refusal(Error("SlowDown", retry_after=retry_after), refuse)
    assert answer.headers == (("x-amz-retry-after", milliseconds),)


def test_access_denied_keeps_its_capital_letter() -> None:
    """An Error is spelled as KMS spells it: AccessDeniedException has its text in `Message`."""
    answer = refusal(Error("AccessDeniedException", "No."), refuse)
    assert json.loads(answer.body) == {"__type": "AccessDeniedException", "Message": "No."}


def test_a_page_of_a_proxy_has_no_request_id() -> None:
    """Unavailable has the status in its page, and nothing of KMS in its head."""
    answer = render(refusal(Unavailable(502), refuse), now=0, keep_alive=True)
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\nDate: ")
    assert b"amz" not in answer
    assert answer.endswith(b"<h1>502</h1></body></html>\n")
