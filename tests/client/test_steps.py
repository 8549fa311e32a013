"""Steps and flows: each step by hand, as a driver sees it, and what their texts leave out."""

import pytest

from awskms_lite.errors import TransportError
from awskms_lite.steps import Flow, Request, Response, Send, Sleep, send, sleep

SECRETS = ("s3cr3t-header", "s3cr3t-query", "s3cr3t-body")
REQUEST = Request(
    "POST",
    "https://kms.us-east-2.amazonaws.com/path?X-Amz-Security-Token=s3cr3t-query",
    [("Authorization", "s3cr3t-header"), ("X-Amz-Date", "s3cr3t-header")],
    b"s3cr3t-body",
)
RESPONSE = Response(200, {"set-cookie": "s3cr3t-header"}, b"s3cr3t-body")


def test_sending_is_one_step() -> None:
    """`send` asks for one `Send`, and gives back the response it is sent."""
    flow = send(REQUEST, 2.5)
    assert flow.send(None) == Send(REQUEST, 2.5)
    with pytest.raises(StopIteration) as end:
        flow.send(RESPONSE)
    assert end.value.value is RESPONSE


def test_sending_is_plain_unless_told() -> None:
    """Without more a `Send` has no timeout of its own, may take a proxy, and changes nothing."""
    step = send(REQUEST).send(None)
    assert isinstance(step, Send)
    assert (step.timeout, step.direct, step.mutating) == (None, False, False)


def test_what_a_request_is_stands_in_its_step() -> None:
    """The driver is told that a request is to keep off proxies, or that it may change something."""
    assert send(REQUEST, direct=True).send(None) == Send(REQUEST, direct=True)
    assert send(REQUEST, mutating=True).send(None) == Send(REQUEST, mutating=True)


def test_sleeping_is_one_step() -> None:
    """`sleep` asks for one `Sleep`, and gives back nothing."""
    flow = sleep(0.25)
    assert flow.send(None) == Sleep(0.25)
    with pytest.raises(StopIteration) as end:
        flow.send(None)
    assert end.value.value is None


def test_a_failure_is_thrown_into_the_flow() -> None:
    """A flow can answer a step's failure with another step, as a retry does."""

    def again() -> Flow[int]:
        try:
            response = yield from send(REQUEST)
        except TransportError:
            yield from sleep(1)
            response = yield from send(REQUEST)
        return response.status

    flow = again()
    assert flow.send(None) == Send(REQUEST)
    assert flow.throw(TransportError("reset")) == Sleep(1)
    assert flow.send(None) == Send(REQUEST)
    with pytest.raises(StopIteration) as end:
        flow.send(RESPONSE)
    assert end.value.value == 200


@pytest.mark.parametrize("shown", [REQUEST, RESPONSE, Send(REQUEST), [REQUEST, RESPONSE], {"a": (RESPONSE,)}])
def test_no_text_of_a_step_holds_a_secret(shown: object) -> None:
    """Values of headers, queries and bodies stay out of every text, however deep the step lies in it."""
    for text in (repr(shown), str(shown), f"{shown}"):
        assert not [secret for secret in SECRETS if secret in text]


def test_the_texts_say_what_helps() -> None:
    """A text names method, URL, headers and sizes, which is enough to know the request again."""
    assert repr(REQUEST) == (
        "Request(POST https://kms.us-east-2.amazonaws.com/path, headers=['Authorization', 'X-Amz-Date'], 11 bytes)"
    )
    assert repr(RESPONSE) == "Response(200, headers=['set-cookie'], 11 bytes)"


def test_a_request_has_no_body_unless_given() -> None:
    """A request that only asks, as a GET does, has an empty body."""
    assert Request("GET", "http://127.0.0.1/", []).body == b""
