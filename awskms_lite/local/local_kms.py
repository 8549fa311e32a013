"""The embedded KMS as its users see it."""

import ssl
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from awskms_lite.identity import Credentials

from .arguments import check_text
from .arns import ARN
from .auth.accounts import credentials_for, validated_account_id, validated_region
from .auth.authorizer import Authorizer
from .auth.denials import Denial
from .auth.permissions import Permissions, Policy
from .auth.quotas import Quotas
from .clock import KeyClock, ServerClock, checked_delay
from .cloudtrail.service import CloudTrail
from .http.fault_rules import FaultRule
from .http.faults import HandshakeFailure, RequestFault
from .http.injector import FaultInjector
from .http.server import Server
from .http.stats import Stats
from .kms.keys import Key
from .kms.seeded_uses import seed_use
from .kms.seeding import LastUsage, seed
from .kms.service import Kms
from .kms.store import Store
from .kms.stubs import Stub, Stubs
from .organizations import Organizations, account_with
from .services import Services, check_deniable, check_kms_operation, check_operation
from .sts import Sts


class LocalKMS:
    """An embedded KMS. It starts with `with` or `start()`; `close()` ends it, with all its threads and sockets.

    One server has every account and region. The access key id determines the account of a call, and the scope of
    the signature its region; a key exists only where it was created. `region` and `account_id` are the defaults of
    `credentials`, `environ` and `add_key`. `port` 0 takes a free one. With a server's `ssl_context` it speaks TLS
    as `https://localhost`, so the certificate must name `localhost`.

    Time is real time until `advance` moves it forward, for the keys and for the Date header, by which clients set
    their clocks and audits judge. Signatures are valid by the real time too, and sessions expire by it. `skew`
    moves signatures, sessions and the Date header, but not the keys. Every method can be called from any thread.

    It starts without faults, quotas, denials, service control policies and answers of the test's own;
    `inject_fault`, `set_quota`, `deny`, `set_scp` and `answer` add them. Random numbers follow from `seed`: a
    client that makes one call at a time gets the same faults in every run.
    """

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        account_id: str = "111122223333",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        seed: int = 0,
    ) -> None:
        self._region = validated_region(region)
        self._account_id = validated_account_id(account_id)
        self._port = port
        self._ssl_context = ssl_context
        self._server: Server | None = None
        self._closed = False
        key_clock = KeyClock()
        self._clock = ServerClock(key_clock)
        self._store = Store(key_clock)
        self._quotas = Quotas()
        self._permissions = Permissions()
        self._stubs = Stubs()
        self._authorizer = Authorizer(self._quotas, self._clock)
        self._organizations = Organizations(self._account_id, self._authorizer, self._permissions)
        services = Services(
            Kms(self._store, self._authorizer, self._permissions, self._stubs),
            Sts(self._authorizer, self._permissions.denials, self._clock),
            CloudTrail(self._store, self._authorizer, self._permissions),
            self._organizations,
        )
        self._injector = FaultInjector(services.parse, seed=seed, now=self._clock.now)

    def __repr__(self) -> str:
        return f"<LocalKMS {self.endpoint_url if self._server else 'not started'}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Self:
        """Listen and answer; a second time does nothing. Raises `OSError` if the port is taken."""
        if self._closed:
            raise RuntimeError("this LocalKMS is closed: make a new one")
        if self._server is None:
            self._server = Server(
                self._injector,
                port=self._port,
                ssl_context=self._ssl_context,
                accept_handshake=self._injector.accept_handshake,
                now=self._clock.now,
            )
        return self

    def close(self) -> None:
        """Stop: open connections end at once. A second time does nothing; `endpoint_url` stays readable."""
        if self._server is not None and not self._closed:
            self._server.close()
        self._closed = True

    @property
    def region(self) -> str:
        """The region of `environ`, and of keys that are added without one."""
        return self._region

    @property
    def endpoint_url(self) -> str:
        """The URL to send to, once started: `http://127.0.0.1:PORT`, with TLS `https://localhost:PORT`."""
        if self._server is None:
            raise RuntimeError("this LocalKMS is not started: use `with LocalKMS() as kms`, or call start()")
        host = "http://127.0.0.1" if self._ssl_context is None else "https://localhost"
        return f"{host}:{self._server.port}"

    @property
    def credentials(self) -> Credentials:
        """Credentials of the default account."""
        return credentials_for(self._account_id)

    def credentials_for(self, account_id: str, *, root: bool = False) -> Credentials:
        """Return credentials of the user or root of any account of 12 digits; the access key id contains it."""
        return credentials_for(account_id, root=root)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables for a client of this server, as a new mapping each time."""
        credentials = self.credentials
        return {
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_ACCOUNT_ID": self._account_id,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
        }

    def add_key(
        self,
        *,
        created: datetime | None = None,
        tracking_start: datetime | None = None,
        last_usage: LastUsage = None,
        state: str = "Enabled",
        region: str | None = None,
        account_id: str | None = None,
        manager: str = "CUSTOMER",
        spec: str | None = None,
        origin: str | None = None,
        multi_region: bool = False,
        replica_of: str | None = None,
        description: str = "",
        tags: Mapping[str, str] | None = None,
        aliases: Collection[str] = (),
        shared_with: Collection[str] = (),
    ) -> str:
        """Add a key with a past; return its ARN. Times are kept to the millisecond.

        `created` is by default the present key time, or the last usage if that is earlier; `tracking_start` is by
        default `created`. `last_usage` is None for a key never used, the time of a Decrypt, or some members of
        KMS's KeyLastUsageData (`Operation`, `Timestamp` as a datetime, `CloudTrailEventId`, `KmsRequestId`), of
        which the missing ones are made up. `state` is one of KMS's key states; a key in PendingDeletion is deleted
        30 days after the present key time.

        By default it is a symmetric encryption key with material from KMS. A key with `manager` "AWS" can be read,
        but not changed or used. `multi_region` makes a primary key, and `replica_of` (the ARN of one) a replica in
        another region. `aliases` are names that start with `alias/`. `shared_with` are the ids of accounts that
        AWS RAM shares the key with: they can list and describe it, nothing else. Raises `ValueError` for a
        datetime without a time zone, for names that KMS does not have, for a single str instead of a collection,
        and for keys that KMS could not have.
        """
        with self._store.lock:
            self._store.catch_up()
            key = seed(
                self._store,
                account_id=self._account_id if account_id is None else validated_account_id(account_id),
                region=self._region if region is None else validated_region(region),
                created=created,
                tracking_start=tracking_start,
                last_usage=last_usage,
                state=state,
                manager=manager,
                spec=spec,
                origin=origin,
                multi_region=multi_region,
                replica_of=replica_of,
                description=description,
                tags={} if tags is None else tags,
                aliases=aliases,
                shared_with=shared_with,
            )
            return key.arn

    def use(
        self,
        key_id: str,
        operation: str = "Decrypt",
        *,
        at: datetime | None = None,
        principal: str | None = None,
        invoked_by: str | None = None,
        encryption_context: Mapping[str, str] | None = None,
        error_code: str | None = None,
    ) -> str:
        """Add a use of a key, by whom and for what you say; return the id of its event in CloudTrail.

        The key is named by its ARN, or by its id in the default account and region. `at` is by default now.
        `principal` is an account id, or the ARN of an account, a user, a role or the session of one, by default
        the user of the key's account. `invoked_by` is a service of AWS that makes the call, such as
        "s3.amazonaws.com": on behalf of the principal, or by itself without one.

        The use is the key's last usage unless a later one is known or it was before tracking started. With an
        `error_code`, such as "DisabledException", it is a use that KMS refused, in CloudTrail only. Raises
        `ValueError` for a use that could not have been.
        """
        with self._store.lock:
            self._store.catch_up()
            return seed_use(
                self._store,
                self._key(key_id),
                operation,
                at=at,
                principal=principal,
                invoked_by=invoked_by,
                encryption_context=encryption_context,
                error_code=error_code,
            )

    def _key(self, key_id: str) -> Key:
        check_text("key_id", key_id)
        match = ARN.fullmatch(key_id)
        place = (match[3], match[2], match[5]) if match else (self._account_id, self._region, key_id)
        key = self._store.find(*place)
        if key is None:
            raise ValueError(f"{key_id!r} is not a key here: pass the ARN that add_key returned")
        return key

    def set_event_delay(self, delay: timedelta) -> None:
        """Set how long after a call LookupEvents shows its event, by the clock of the keys; at first at once.

        Raises `ValueError` for a negative delay.
        """
        self._store.trail.delay = checked_delay(delay)

    @property
    def stats(self) -> Stats:
        """The counts of requests, answers and faults so far, as a record that does not change."""
        return self._injector.counters.snapshot(self._server.connections if self._server else 0)

    def inject_fault(
        self,
        fault: RequestFault | HandshakeFailure,
        *,
        times: int | None = None,
        probability: float = 1.0,
        operation: str | None = None,
        skip: int = 0,
        burst: int = 1,
    ) -> None:
        """Add a rule that injects a fault into requests from now on; the first rule that fires for one acts alone.

        The rule applies to the requests of one `operation`, or to all, after the first `skip` of them. It fires
        for each with the given `probability`, then for `burst` in a row, and `times` in all (None: no end). For a
        `HandshakeFailure` the same applies to connections. Raises `ValueError` for an invalid argument.
        """
        if isinstance(fault, HandshakeFailure):
            if self._ssl_context is None:
                raise ValueError("a HandshakeFailure needs TLS: make this LocalKMS with an ssl_context")
            if operation is not None:
                raise ValueError("a HandshakeFailure happens before the operation is known: leave `operation` out")
            self._injector.handshake_rules.add(FaultRule(fault, times, probability, None, skip, burst))
        elif isinstance(fault, RequestFault):
            if operation is not None:
                check_operation(operation)
            self._injector.rules.add(FaultRule(fault, times, probability, operation, skip, burst))
        else:
            raise ValueError(f"{fault!r} is not a fault: pass one of awskms_lite.local's, such as Reset('before')")

    def clear_faults(self) -> None:
        """Remove every fault; quotas, denials and the skew of the clock stay."""
        self._injector.rules.clear()
        self._injector.handshake_rules.clear()

    def answer(self, operation: str, answer: Stub, *, times: int | None = 1) -> None:
        """Answer the next calls of an operation of KMS with this, in place of what LocalKMS would do.

        The answer is the operation's response model (`awskms_lite.models`), a mapping of wire names to JSON values
        (passed on as it is, names that KMS does not have included), an error (a class or instance of
        `awskms_lite.errors`, of which code, message and status count, or an `ApiError`), or a function that takes
        the request's members, by wire name, and returns one of these. It is used `times` times, None for no end;
        more answers for the operation are used after it, in the order in which they were set.

        The caller is authorized as in any call, and the call is counted; nothing is carried out and no use
        recorded. It is the way to test an operation that LocalKMS lacks. Raises `ValueError` for an operation that
        KMS does not have and for an answer that it could not send.
        """
        check_kms_operation(operation)
        self._stubs.add(operation, answer, times)

    def clear_answers(self) -> None:
        """Remove every answer that was set with `answer`."""
        self._stubs.clear()

    def set_quota(self, operation: str, rate: float | None, *, burst: float | None = None) -> None:
        """Throttle an operation as AWS does, beyond `rate` calls a second for each account and region.

        Up to `burst` calls may come at once, by default `rate`, at least 1. A `rate` of None removes the quota. A
        call beyond the quota gets ThrottlingException, at STS Throttling and at Organizations
        TooManyRequestsException, after its signature was verified. Raises `ValueError` for an invalid argument.
        """
        check_operation(operation)
        self._quotas.set(operation, rate, burst)

    def deny(
        self,
        operation: str | None,
        *,
        key: str | None = None,
        region: str | None = None,
        account_id: str | None = None,
    ) -> None:
        """Deny the calls of an operation, None for any, from now on, like an explicit Deny in an IAM policy.

        `key` (an ARN or id), `region` and `account_id` (the caller's, or for AssumeRole the role's) limit the
        denial to calls that meet all of them. A denied call gets AccessDeniedException after its signature was
        verified. Raises `ValueError` for invalid names.
        """
        if operation is not None:
            check_deniable(operation, with_key=key is not None)
        if region is not None:
            validated_region(region)
        if account_id is not None:
            validated_account_id(account_id)
        self._permissions.denials.add(Denial(operation, key, region, account_id))

    def allow(self) -> None:
        """Remove every denial."""
        self._permissions.denials.clear()

    def set_scp(self, policy: Policy | None, *, account_id: str | None = None) -> None:
        """Put a service control policy over an account, by default the default one; None removes it.

        The policy is JSON text, or the mapping that it says. It replaces the one before; only its Deny statements
        count, since FullAWSAccess stays beside it. It is evaluated for the calls of KMS, CloudTrail and
        Organizations that the account's principals make. Raises `ValueError` for an invalid policy.
        """
        account_id = self._account_id if account_id is None else validated_account_id(account_id)
        self._permissions.set_control_policy(account_id, policy)

    def add_account(
        self, account_id: str, *, name: str | None = None, email: str | None = None, state: str = "ACTIVE"
    ) -> None:
        """Add an account to the organization whose management account is the default account, or replace it.

        Without any there is no organization. Organizations lists them in the order in which they were added, after
        the management account, which can be given a name in the same way. Raises `ValueError` for an invalid
        argument.
        """
        self._organizations.add(account_with(account_id, name, email, state))

    def set_empty_pages(self, *, enabled: bool) -> None:
        """Set whether an empty page with a token comes before each page of ListAccounts; at first none does."""
        self._organizations.empty_pages = enabled

    def disable_region(self, region: str) -> None:
        """Disable a region: no account's credentials are valid there. Raises `ValueError` for an invalid name."""
        self._authorizer.disabled_regions.add(validated_region(region))

    def enable_region(self, region: str) -> None:
        """Enable a region again; at first all are. Raises `ValueError` for an invalid name."""
        self._authorizer.disabled_regions.discard(validated_region(region))

    def skew(self, delta: timedelta) -> None:
        """Set how far the server's own clock is off, ahead or behind; this replaces an earlier skew.

        Signatures, sessions of roles and the Date header follow this clock; the clock of the keys does not.
        Raises `ValueError` beyond ten years.
        """
        self._clock.skew(delta)

    def advance(self, delta: timedelta) -> None:
        """Advance the clock of the keys and of the Date header, as if so much time had passed.

        Clients need not follow: a signature is also valid by the real time and by the time after each earlier
        advance, and a session expires by the real time. Raises `ValueError` for a negative step and beyond the
        year 9899.
        """
        with self._store.lock:
            self._store.clock.advance(delta)
