"""The credentials of one client, found once, kept, and renewed before they end.

    soon     15 minutes before the end: one caller renews, everybody else goes on with the keys there are
    must     10 minutes before the end: everyone waits for the one renewal under way

Both are shorter for short lives: a third and a sixth of the life seen on receipt at the most. A renewal that
fails or brings nothing newer is no harm while the keys are valid; the next one comes a minute later. Keys that
have `static_stability` stay in use after their end while nothing newer can be had. Source: "Static stability"
and "Credential refresh" as the AWS SDKs have them (EC2 User Guide, "Retrieve security credentials").
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

_SOON = 15 * 60.0
_MUST = 10 * 60.0
_PAUSE = 60.0


class _Held(NamedTuple):
    """Credentials, and in seconds since 1970 when to renew them; both infinite for keys that do not end."""

    credentials: Credentials
    soon: float
    must: float
    end: float


class CredentialsCache:
    """Gives one client its credentials.

    `find` is the flow that gets new ones, `check_clock` one that sets the clock right where it is wrong: new keys
    that have ended already are more often a sign of that.
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
        self._held: _Held | None = None
        self._pause_until = -inf
        self._round = 0
        self._failure: tuple[type[KMSLiteError], str, BaseException | None] | None = None

    def current(self) -> Credentials | None:
        """Give the credentials where they are at hand and need no renewal: a plain return, no step."""
        held = self._held
        if held is None or (held.soon != inf and self._is_due(held, self._clock())):
            return None
        return held.credentials

    def get(self) -> Flow[Credentials]:
        """Give the credentials, renewed where they are due.

        Raises `CredentialsError` or `ConfigurationError` where there are none that could be used.
        """
        seen = self._round  # read before the rest: a renewal that ends in between is then known to be newer
        held, now = self._held, self._clock()
        if held is not None and not self._is_due(held, now):
            return held.credentials
        renewed = yield from exclusive(self._renew(seen), wait=held is None or now >= held.must, key=self)
        if renewed is not None:
            return renewed
        assert held is not None  # without keys everybody waits, and who waited got some or an error
        return held.credentials

    def drop(self, refused: Credentials) -> None:
        """Forget credentials that KMS refused as expired, unless they were renewed meanwhile."""
        held = self._held
        if held is not None and held.credentials is refused:
            self._held = None

    def _is_due(self, held: _Held, now: float) -> bool:
        if now < held.soon:
            return False
        ended = now >= held.end and not held.credentials.static_stability
        return ended or now >= self._pause_until

    def _renew(self, seen: int) -> Flow[Credentials]:
        """Renew, alone; those who waited meanwhile share the outcome instead of asking again."""
        if self._round != seen:
            if self._failure is not None and not self._is_usable():
                kind, text, cause = self._failure
                raise kind(text) from cause
            held = self._held
            if held is not None:  # else KMS has refused the new ones already, and others are needed
                return held.credentials
        if self._is_usable():
            self._pause()  # whatever becomes of this, even if the caller's time runs out: no other for a while
        try:
            found = yield from self._find()
            if self._check_clock is not None and _end_of(found) <= self._clock():
                yield from self._check_clock()  # before such keys are called expired
            held = self._take(found)
        except KMSLiteError as error:
            kind = ConfigurationError if isinstance(error, ConfigurationError) else CredentialsError
            self._round, self._failure = self._round + 1, (kind, str(error), error.__cause__)
            kept = self._held
            if kept is None or not self._is_usable():
                raise
            logger.warning(
                "The credentials could not be renewed, and those at hand stay in use: %s", printable(str(error))
            )
            return kept.credentials
        self._round, self._failure = self._round + 1, None
        return held.credentials

    def _take(self, found: Credentials) -> _Held:
        now, held = self._clock(), self._held
        end = _end_of(found)
        life = end - now
        if life <= 0 and not found.static_stability:
            raise CredentialsError(
                f"The credentials ({found.source}) have expired already: renew them there, and check this "
                "machine's clock."
            )
        if held is not None and end <= held.end and found.access_key_id == held.credentials.access_key_id:
            return held  # nothing newer: it stays due, and the pause before the next look stands
        soon, must = end - min(_SOON, max(life, 0) / 3), end - min(_MUST, max(life, 0) / 6)
        held = self._held = _Held(found, soon, must, end)
        self._pause_until = -inf
        if found.static_stability and life < _MUST:
            self._pause()
        return held

    def _is_usable(self) -> bool:
        held = self._held
        return held is not None and (held.credentials.static_stability or self._clock() < held.end)

    def _pause(self) -> None:
        """Ask for nothing for a while: a minute, or 10 to 15 where keys stay in use beyond their end."""
        held, now = self._held, self._clock()
        overdue = held is not None and held.credentials.static_stability and held.end - now < _MUST
        self._pause_until = now + (_MUST + self._random() * (_SOON - _MUST) if overdue else _PAUSE)


def _end_of(credentials: Credentials) -> float:
    return inf if credentials.expires_at is None else credentials.expires_at.timestamp()
