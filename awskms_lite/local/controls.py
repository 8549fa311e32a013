"""What a test can tell the embedded KMS: to misbehave, to refuse, and what time it is."""

from datetime import timedelta

from .auth.accounts import check_account_id, check_region
from .auth.authorizer import Gate
from .auth.denials import Denial, Denials
from .auth.quotas import Quotas
from .clock import KeyClock, ServerClock
from .http.faults import HandshakeFailure, RequestFault
from .http.injector import Conduct
from .http.rules import Rule
from .kms.service import Kms
from .kms.store import Store
from .services import Services, check_operation
from .sts import Sts


class Controls:
    """The services behind a LocalKMS, and the words to direct them. All may be used from any thread."""

    def __init__(self, *, seed: int, tls: bool) -> None:
        self._tls = tls
        key_clock = KeyClock()
        self._clock = ServerClock(key_clock)
        self._store = Store(key_clock)
        self._quotas = Quotas()
        self._denials = Denials()
        self._gate = Gate(self._quotas, self._clock)
        services = Services(
            Kms(self._store, self._gate, self._denials), Sts(self._gate, self._denials, self._clock)
        )
        self._conduct = Conduct(services, seed=seed, now=self._clock.now)

    def misbehave(
        self,
        fault: RequestFault | HandshakeFailure,
        *,
        times: int | None = None,
        share: float = 1.0,
        operation: str | None = None,
        after: int = 0,
        burst: int = 1,
    ) -> None:
        """Let a fault strike from now on, behind those of earlier calls: the first that applies acts, alone.

        It strikes `times` requests (None: no end), a `share` of those it is about, which are those of one
        `operation` or all, but for the first `after` that come. Once struck, `burst` of them in a row are. A
        `HandshakeFailure` strikes connections in just this way. Raises `ValueError` for what cannot be.
        """
        if isinstance(fault, HandshakeFailure):
            if not self._tls:
                raise ValueError("no handshake can fail without TLS: make this LocalKMS with an ssl_context")
            if operation is not None:
                raise ValueError("a handshake knows no operation yet: leave `operation` out")
            self._conduct.handshake_rules.add(Rule(fault, times, share, None, after, burst))
        elif isinstance(fault, RequestFault):
            name = None if operation is None else check_operation(operation)
            self._conduct.rules.add(Rule(fault, times, share, name, after, burst))
        else:
            raise ValueError(f"{fault!r} is no fault: pass one of awskms_lite.local's, such as Reset('before')")

    def behave(self) -> None:
        """Forget every fault; quotas and the skew of the clock stay."""
        self._conduct.rules.clear()
        self._conduct.handshake_rules.clear()

    def set_quota(self, operation: str, rate: float | None, *, burst: float | None = None) -> None:
        """Throttle an operation as AWS does, beyond `rate` calls a second for each account and region.

        Up to `burst` calls may come at once, `rate` by default, and one at least; None as `rate` lifts the
        quota. What is beyond gets ThrottlingException, at STS Throttling, after its signature was verified.
        Raises `ValueError`.
        """
        self._quotas.set(check_operation(operation), rate, burst)

    def deny(
        self,
        operation: str | None,
        *,
        key: str | None = None,
        region: str | None = None,
        account_id: str | None = None,
    ) -> None:
        """Refuse from now on the calls of an operation, None for any, as a policy that says Deny would.

        Of these the ones about one `key` (its ARN or id), for one `region` and by callers of one `account_id` (for
        AssumeRole: to roles of it) alone, as far as these are given. They get AccessDeniedException, after their
        signature was verified. Raises `ValueError` for names that could be none.
        """
        if operation is not None:
            check_operation(operation)
        if region is not None:
            check_region(region)
        if account_id is not None:
            check_account_id(account_id)
        self._denials.add(Denial(operation, key, region, account_id))

    def allow(self) -> None:
        """Forget every denial."""
        self._denials.clear()

    def disable_region(self, region: str) -> None:
        """Make the region one that no account has enabled: no credentials are known there. Raises `ValueError`."""
        self._gate.disabled_regions.add(check_region(region))

    def enable_region(self, region: str) -> None:
        """Take back what `disable_region` did; at first all regions are enabled. Raises `ValueError`."""
        self._gate.disabled_regions.discard(check_region(region))

    def skew(self, delta: timedelta) -> None:
        """Put the server's own clock off by so much, ahead or behind, in place of what it was off before.

        The freshness of signatures, the sessions of roles and the Date header follow it; the keys' clock does not.
        Raises `ValueError` beyond ten years.
        """
        self._clock.skew(delta)

    def advance(self, delta: timedelta) -> None:
        """Move the clock of the keys and of the Date header on, as if so much time had passed; never back.

        Clients need not follow: a signature may also be fresh by the real time, or by that of an earlier step, and
        a session lasts by the real time. Raises `ValueError` for a step back, and beyond the year 9899.
        """
        with self._store.lock:
            self._store.clock.advance(delta)
