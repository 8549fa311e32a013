"""The errors that the embedded KMS answers with, as on the wire.

They are separate from the client's errors: the two sides of a test must not share a misunderstanding of AWS.
"""


class ApiError(Exception):
    """An error response: AWS's `code`, its text (None if KMS sends none) and the HTTP status.

    KMS sends 400 for nearly every error of the caller, whatever status the service model names.
    """

    def __init__(self, code: str, message: str | None = None, *, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, object]:
        """Return the JSON members; only AccessDeniedException has its text in `Message`, with a capital M."""
        if self.message is None:
            return {"__type": self.code}
        return {
            "__type": self.code,
            "Message" if self.code == "AccessDeniedException" else "message": self.message,
        }


class HTTPError(Exception):
    """A request that this server's HTTP does not allow: the status to answer with, and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
