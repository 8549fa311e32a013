"""Plays the world to a flow: its steps are answered from a script, with no event loop, no socket and no clock."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from awskms_lite.errors import ConfigurationError, ConnectError, KMSLiteError
from awskms_lite.steps import Call, Flow, Output, Read, Request, Response, Run, Send, Sleep, Step, Write

T = TypeVar("T")

Answer = Response | KMSLiteError
READ_ONLY = ConfigurationError("the file cannot be written")


def answered(step: Send, answer: Answer) -> object:
    """Return what a flow is given for an answer, or what is to be raised in it."""
    try:
        return answer if isinstance(answer, KMSLiteError) else step.outcome(answer)
    except KMSLiteError as error:
        return error


class World:
    """What a flow may find outside, and what it did there.

    `answers` are by method and URL, several given in order and the last one for good; any other request fails to
    connect. A file that is an error fails to be read. `outputs` are what programs print, in order.
    """

    def __init__(
        self,
        *,
        files: Mapping[str, bytes | KMSLiteError] | None = None,
        answers: Mapping[tuple[str, str], Answer | Iterable[Answer]] | None = None,
        outputs: Iterable[Output | KMSLiteError] = (),
        read_only: bool = False,
    ) -> None:
        self.files = dict(files or {})
        self.steps: list[Step] = []
        self._answers = {
            key: [value] if isinstance(value, Answer) else list(value) for key, value in (answers or {}).items()
        }
        self._outputs = list(outputs)
        self._read_only = read_only

    @property
    def requests(self) -> list[Request]:
        """The requests that were sent, in order."""
        return [step.request for step in self.steps if isinstance(step, Send)]

    def play(self, flow: Flow[T]) -> T:
        """Run the flow to its end; return what it returns, or raise what it raises."""
        try:
            step = flow.send(None)
            while True:
                self.steps.append(step)
                outcome = self._outcome(step)
                step = flow.throw(outcome) if isinstance(outcome, KMSLiteError) else flow.send(outcome)
        except StopIteration as end:
            value: T = end.value
            return value

    def _outcome(self, step: Step) -> object:
        match step:
            case Send(request):
                left = self._answers.get((request.method, request.url))
                if left is None:
                    return ConnectError("nobody there")
                return answered(step, left.pop(0) if len(left) > 1 else left[0])
            case Read(path):
                return self.files.get(path)
            case Write(path, content):
                if self._read_only:
                    return READ_ONLY
                self.files[path] = content
            case Run():
                return self._outputs.pop(0)
            case Call(function):
                return function()
            case Sleep():
                pass
            case _:
                raise AssertionError(f"no part of this world: {step}")
        return None
