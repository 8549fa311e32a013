"""The errors that the embedded KMS answers with, as they stand on the wire.

They are no part of the client's error tree: the two sides of a test must not share their view of AWS.
"""


class ApiError(Exception):
    """An error answer: AWS's `code`, its text (None where KMS sends none) and the HTTP status.

    KMS answers nearly every error of the caller with 400, whatever the service model says.
    """

    def __init__(self, code: str, message: str | None = None, *, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, object]:
        """Return the JSON members; AccessDeniedException alone spells its text with a capital M."""
        if self.message is None:
            return {"__type": self.code}
        return {
            "__type": self.code,
            "Message" if self.code == "AccessDeniedException" else "message": self.message,
        }


class HTTPError(Exception):
    """A request that is not HTTP as this server speaks it: the status to answer with, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
