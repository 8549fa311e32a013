"""An AWS KMS on localhost, for tests and demonstrations.

    with LocalKMS() as kms:
        arn = kms.add_key(last_usage=datetime(2026, 5, 1, tzinfo=UTC))
        client = KMSClient(environ=kms.environ)

It speaks HTTP/1.1 on loopback, verifies every signature by recomputing it, and answers as KMS does, errors
included; STS's AssumeRole and GetCallerIdentity are there too, and other SDKs work against both. Told to, it
misbehaves in every way a network knows, and it counts what it saw. It keeps its keys in memory and must never
guard anything real: its credentials follow from the account id, and its cipher is a stand-in.
"""

import ssl
from collections.abc import Collection, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from awskms_lite.identity import Credentials

from .auth.accounts import check_account_id, check_region, credentials_for
from .controls import Controls
from .http.faults import (
    Drip,
    Error,
    Garbage,
    HandshakeFailure,
    HangUp,
    Latency,
    Reset,
    Truncated,
    Unavailable,
    WrongLength,
)
from .http.server import Server
from .http.stats import Tally
from .kms.seeding import LastUsage, seed

__all__ = [
    "Drip",
    "Error",
    "Garbage",
    "HandshakeFailure",
    "HangUp",
    "Latency",
    "LocalKMS",
    "Reset",
    "Tally",
    "Truncated",
    "Unavailable",
    "WrongLength",
]


class LocalKMS(Controls):
    """An embedded KMS: starts with `with` or `start()`, ends, threads and sockets gone, with `close()`.

    One server holds every account and region. The access key id tells which account asks, the signature's
    scope in which region, and a key is found only where it was made; `region` and `account_id` are merely the
    defaults of `credentials`, `environ` and `add_key`. `port` 0 takes a free one. With an `ssl_context` (a
    server's) it speaks TLS as `https://localhost`, so the certificate must name `localhost`.

    Time runs as everywhere, until `advance` moves it on: for the keys, and for the Date header by which clients
    set their clocks and audits judge. Signatures stay good by the real time too, and sessions last by it. What
    `skew` says puts signatures, sessions and the Date header off, and no keys. All of this may be used from any
    thread.

    It starts without faults, quotas and denials; `misbehave`, `set_quota` and `deny` bring them in. What chance
    has to decide there follows from `seed`: one client that asks one thing at a time meets the same faults in
    every run.
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
        self._region = check_region(region)
        self._account_id = check_account_id(account_id)
        self._port = port
        self._ssl_context = ssl_context
        super().__init__(seed=seed, tls=ssl_context is not None)
        self._server: Server | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"<LocalKMS {self.endpoint_url if self._server else 'not started'}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Self:
        """Listen and answer; a second time does nothing. Raises `OSError` where the port is taken."""
        if self._closed:
            raise RuntimeError("this LocalKMS is closed: make a new one")
        if self._server is None:
            self._server = Server(
                self._conduct,
                port=self._port,
                ssl_context=self._ssl_context,
                shakes_hands=self._conduct.shakes_hands,
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
            raise RuntimeError("not started yet: use `with LocalKMS() as kms`, or call start()")
        host = "http://127.0.0.1" if self._ssl_context is None else "https://localhost"
        return f"{host}:{self._server.port}"

    @property
    def credentials(self) -> Credentials:
        """Credentials of the default account."""
        return credentials_for(self._account_id)

    def credentials_for(self, account_id: str) -> Credentials:
        """Give credentials of any account of 12 digits; the access key id spells it."""
        return credentials_for(account_id)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables that lead a client here, a fresh mapping each time."""
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
        """Add a key with a past; give its ARN. Times are kept to the millisecond.

        `created` is the key clock's now by default, or the last usage if that is earlier, and `tracking_start`
        is `created`. `last_usage` is None for a key never used, the moment of a Decrypt, or some members of KMS's
        KeyLastUsageData (`Operation`, `Timestamp` as a datetime, `CloudTrailEventId`, `KmsRequestId`), the rest of
        which is made up. `state` is one of KMS's key states; a key in PendingDeletion is gone 30 days from the key
        clock's now.

        It is a symmetric encryption key with material of KMS's own, unless `spec` or `origin` says otherwise; one
        that `manager` "AWS" has can be read, not changed or used. `multi_region` makes a primary key, and
        `replica_of` (the ARN of one) a replica in another region. `aliases` are names with their `alias/`.
        `shared_with` are the ids of accounts that AWS RAM shares it with: they can list and describe it, no more.
        Raises `ValueError` for a datetime without a time zone, for names that KMS does not have, for a single text
        where a collection is asked for, and for keys that could not be.
        """
        with self._store.lock:
            self._store.catch_up()
            key = seed(
                self._store,
                account_id=self._account_id if account_id is None else check_account_id(account_id),
                region=self._region if region is None else check_region(region),
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

    @property
    def tally(self) -> Tally:
        """What was asked, answered and spoilt so far; a record that does not change any more."""
        return self._conduct.counts.tally(self._server.connections if self._server else 0)
