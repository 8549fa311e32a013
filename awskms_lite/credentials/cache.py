"""The credentials of one client, or of several: resolved once, cached, and refreshed before they expire.

    advisory     15 minutes before the expiry: one caller refreshes, everybody else uses the credentials there are
    mandatory    10 minutes before the expiry: everyone waits for the one refresh under way

Both are shorter for credentials of a short lifetime: at most a third and a sixth of the lifetime left on receipt.
While the credentials are valid, a refresh that fails or brings nothing newer is only logged and tried again a
minute later. Credentials with `static_stability` stay in use after their expiry until newer ones come. Source:
"Static stability" and "Credential refresh" in the AWS SDKs (EC2 User Guide, "Retrieve security credentials").
"""

import logging
from collections.abc import Callable
from math import inf
from typing import NamedTuple

from ..errors import ConfigurationError, CredentialsError, KMSLiteError
from ..identity import Credentials
from ..quoting import printable
from ..steps import Flow, exclusive

logger = logging.getLogger("awskms_lite")

_ADVISORY = 15 * 60.0
"""Seconds before the expiry: as in the AWS SDKs."""
_MANDATORY = 10 * 60.0
"""Seconds before the expiry: what a long call, its retries and a clock that is off may take of the rest."""
_PAUSE = 60.0
"""Seconds after a refresh that brought nothing newer: a source that is down is not asked by every call."""


class _Cached(NamedTuple):
    """Credentials, and when to refresh them in seconds since 1970; infinite for those that do not expire."""

    credentials: Credentials
    advisory: float
    mandatory: float
    expiry: float


class CredentialsCache:
    """The credentials of a client; clients of several regions and threads may share one.

    `find` makes the flow that gets new credentials. `check_clock` makes one that corrects the clock: it runs if
    new credentials seem to have expired already, since a wrong clock is the more likely cause.
    """

    def __init__(
        self,
        find: Callable[[], Flow[Credentials]],
        clock: Callable[[], float],
        random: Callable[[], float],
        check_clock: Callable[[], Flow[None]] | None = None,
    ) -> None:
        self._find = find
        self._check_clock = check_clock
        self._clock = clock
        self._random = random
        self._cached: _Cached | None = None
        self._pause_until = -inf
        self._refreshes = 0
        self._failure: tuple[type[KMSLiteError], str, BaseException | None] | None = None

    def current(self) -> Credentials | None:
        """Return the credentials, without any step; None if there are none yet or they are due for a refresh."""
        cached = self._cached
        if cached is None or (cached.advisory != inf and self._is_due(cached, self._clock())):
            return None
        return cached.credentials

    def get(self) -> Flow[Credentials]:
        """Return the credentials, refreshed if they are due.

        Raise `CredentialsError` or `ConfigurationError` if there are no valid ones.
        """
        seen = self._refreshes  # read first: a refresh that ends between these lines is then known to be newer
        cached, now = self._cached, self._clock()
        if cached is not None and not self._is_due(cached, now):
            return cached.credentials
        is_mandatory = cached is None or now >= cached.mandatory
        refreshed = yield from exclusive(self._refresh(seen), wait=is_mandatory, key=self)
        if refreshed is not None:
            return refreshed
        assert cached is not None  # without credentials everybody waits, and gets some or an error
        return cached.credentials

    def drop(self, refused: Credentials) -> None:
        """Forget credentials that KMS refused as expired, unless they were refreshed meanwhile."""
        cached = self._cached
        if cached is not None and cached.credentials is refused:
            self._cached = None

    def _is_due(self, cached: _Cached, now: float) -> bool:
        if now < cached.advisory:
            return False
        expired = now >= cached.expiry and not cached.credentials.static_stability
        return expired or now >= self._pause_until

    def _refresh(self, seen: int) -> Flow[Credentials]:
        """Refresh exclusively; callers that waited meanwhile share the outcome instead of asking again."""
        if self._refreshes != seen:
            if self._failure is not None and not self._is_usable():
                kind, text, cause = self._failure
                raise kind(text) from cause
            cached = self._cached
            if cached is not None:  # else KMS has refused the new ones already: get others
                return cached.credentials
        if self._is_usable():
            self._pause()  # before the outcome is known: the caller's time may run out meanwhile
        try:
            found = yield from self._find()
            if self._check_clock is not None and _expiry_of(found) <= self._clock():
                yield from self._check_clock()
            cached = self._take(found)
        except KMSLiteError as error:
            kind = ConfigurationError if isinstance(error, ConfigurationError) else CredentialsError
            self._refreshes, self._failure = self._refreshes + 1, (kind, str(error), error.__cause__)
            current = self._cached
            if current is None or not self._is_usable():
                raise
            logger.warning(
                "The credentials could not be refreshed; the current ones stay in use until they expire: %s",
                printable(str(error)),
            )
            return current.credentials
        self._refreshes, self._failure = self._refreshes + 1, None
        return cached.credentials

    def _take(self, found: Credentials) -> _Cached:
        now, cached = self._clock(), self._cached
        expiry = _expiry_of(found)
        lifetime = expiry - now
        if lifetime <= 0 and not found.static_stability:
            raise CredentialsError(
                f"The credentials ({found.source}) have expired already: renew them at their source, and check "
                "this machine's clock."
            )
        if (
            cached is not None
            and expiry <= cached.expiry
            and found.access_key_id == cached.credentials.access_key_id
        ):
            return cached  # nothing newer: they stay due, and the pause before the next refresh stays
        advisory = expiry - min(_ADVISORY, max(lifetime, 0) / 3)
        mandatory = expiry - min(_MANDATORY, max(lifetime, 0) / 6)
        cached = self._cached = _Cached(found, advisory, mandatory, expiry)
        self._pause_until = -inf
        if found.static_stability and lifetime < _MANDATORY:
            self._pause()
        return cached

    def _is_usable(self) -> bool:
        cached = self._cached
        return cached is not None and (cached.credentials.static_stability or self._clock() < cached.expiry)

    def _pause(self) -> None:
        """Refresh no more for a minute, or for 10 to 15 if the credentials stay in use after their expiry."""
        cached, now = self._cached, self._clock()
        overdue = cached is not None and cached.credentials.static_stability and cached.expiry - now < _MANDATORY
        self._pause_until = now + (_MANDATORY + self._random() * (_ADVISORY - _MANDATORY) if overdue else _PAUSE)


def _expiry_of(credentials: Credentials) -> float:
    return inf if credentials.expires_at is None else credentials.expires_at.timestamp()
