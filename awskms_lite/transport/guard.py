"""Counts what comes over a connection: no response is taken for another's, and none is waited for in vain."""

import re

from ..errors import ProtocolError
from ..steps import Response
from .deadline import Deadline

_MAX_INTERIM = 8
"""Interim responses (RFC 9110, section 15.2) before a response: KMS sends none, and a proxy one at most."""
_MAX_HEADS = 100 * 1024
"""Bytes of all heads of a response together, which is what h11 takes for a single one."""

_END_OF_HEAD = re.compile(rb"\n\r?\n")  # which is where h11 sees it too


class ResponseGuard:
    """What a connection is busy with: by when a response must be there, and how much of it has come."""

    deadline: Deadline
    handshakes = 0
    """How many TLS handshakes were begun: behind a proxy that speaks TLS itself, the second is the server's."""

    def begin(self, deadline: Deadline) -> None:
        """Begin to wait for a response."""
        self.deadline = deadline
        self.expect_head()

    def expect_head(self) -> None:
        """Begin to count: what comes next is the head of a response."""
        self._head: bytearray | None = bytearray()
        self._heads_length: int = 0
        self._interim: int = 0
        self._body_length: int = 0

    def feed(self, data: bytes) -> None:
        """Count what came, from the end of the head on.

        Raise `ProtocolError` for heads without end, be it one or one interim response after the other.
        """
        if self._head is None:
            self._body_length += len(data)
            return
        begin = max(len(self._head) - 2, 0)  # the end of a head may come in parts
        self._head += data
        while found := _END_OF_HEAD.search(self._head, begin):
            if not self._head.startswith(b" 1", 8):  # as in "HTTP/1.1 100 Continue"
                self._body_length, self._head = len(self._head) - found.end(), None
                return
            del self._head[: found.end()]
            begin, self._heads_length, self._interim = 0, self._heads_length + found.end(), self._interim + 1
            if self._interim > _MAX_INTERIM:
                raise _endless()
        if self._heads_length + len(self._head) > _MAX_HEADS:
            raise _endless()

    @property
    def has_begun(self) -> bool:
        """Whether the head of a response has come."""
        return self._head is None

    def is_complete(self, response: Response) -> bool:
        """Return whether nothing followed this response, so that the next one will be the next request's.

        Only for a response of a known length this can be told, and KMS always tells the length.
        """
        return self._head is None and response.headers.get("content-length") == str(self._body_length)


def _endless() -> ProtocolError:
    return ProtocolError(
        "No answer began: interim answers or headers came without end. Check the endpoint and the proxies on the "
        "way."
    )
