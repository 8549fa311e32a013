"""The runs of a retirement: who calls is found out, and the keys are gone through in turn.

One key after another: CloudTrail answers two requests a second, so nothing would be faster at a time, and a run
that is ended has begun an act with one key at most.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from attrs import evolve, field, frozen

from ..steps import Flow, call
from .acts import advance_key, check_key
from .callers import identify
from .keys import check_keys, resolve_keys
from .ledger import Ledger, check_accounts, read_ledger
from .looks import Run
from .records import Entry, KeyResult, Rules
from .undo import undo_key

if TYPE_CHECKING:
    from ..async_client import AsyncKMSClient
    from ..client import KMSClient

LedgerPath: TypeAlias = str | os.PathLike[str]
OnResult: TypeAlias = Callable[[KeyResult], object]


def _check_keys(_: object, __: object, keys: Sequence[str] | None) -> None:
    if keys is not None:
        check_keys(keys)


@frozen(kw_only=True)
class Job:
    """What a run is to do: by which client, with which keys and how carefully, and as whom.

    Raise `ParameterError` for keys that have no valid names.
    """

    client: "KMSClient | AsyncKMSClient"
    keys: Sequence[str] | None = field(default=None, validator=_check_keys)
    """None for all of the ledger's."""
    rules: Rules
    role_arns: Sequence[str]
    on_result: OnResult | None

    def check(self, ledger: LedgerPath | None) -> Flow[tuple[KeyResult, ...]]:
        """Look at each key."""
        return (yield from self._read_only(ledger, check_key))

    def status(self, ledger: LedgerPath) -> Flow[tuple[KeyResult, ...]]:
        """Look at each key of a ledger as far as that is needed to say where it stands."""
        entries = yield from call(partial(read_ledger, ledger, must_exist=True))
        return (
            yield from self._each(ledger, entries, lambda run, arn: check_key(evolve(run, is_status=True), arn))
        )

    def check_undo(self, ledger: LedgerPath | None) -> Flow[tuple[KeyResult, ...]]:
        """Look at each key, and return what taking it back would do."""
        return (yield from self._read_only(ledger, lambda run, arn: undo_key(run, None, arn)))

    def advance(self, ledger: LedgerPath) -> Flow[tuple[KeyResult, ...]]:
        """Take the step of each key that is due."""
        return (yield from self._writing(ledger, advance_key))

    def undo(self, ledger: LedgerPath) -> Flow[tuple[KeyResult, ...]]:
        """Take the retirement of each key back."""
        return (yield from self._writing(ledger, undo_key))

    def _read_only(
        self, ledger: LedgerPath | None, look: Callable[[Run, str], Flow[KeyResult]]
    ) -> Flow[tuple[KeyResult, ...]]:
        entries: list[Entry] = []
        if ledger is not None:
            entries = yield from call(partial(read_ledger, ledger))
        return (yield from self._each(ledger, entries, look))

    def _writing(
        self, ledger: LedgerPath, step: Callable[[Run, Ledger, str], Flow[KeyResult]]
    ) -> Flow[tuple[KeyResult, ...]]:
        opened = Ledger(ledger)
        try:
            yield from call(opened.open)
            return (yield from self._each(ledger, opened.entries, lambda run, arn: step(run, opened, arn)))
        finally:
            opened.close()

    def _each(
        self, ledger: LedgerPath | None, entries: Sequence[Entry], of_key: Callable[[Run, str], Flow[KeyResult]]
    ) -> Flow[tuple[KeyResult, ...]]:
        """Go through the keys; `on_result` is called with each result as soon as it is there."""
        keys = [entry.key_arn for entry in entries] if self.keys is None else self.keys
        callers = yield from identify(self.client, self.role_arns)
        if ledger is not None:
            check_accounts(ledger, entries, callers.accounts)
        arns = yield from resolve_keys(callers, keys)
        run = Run(callers=callers, rules=self.rules, entries=_by_key(entries))
        results: list[KeyResult] = []
        for arn in arns:
            results.append((yield from of_key(run, arn)))
            if self.on_result is not None:
                self.on_result(results[-1])
        return tuple(results)


def _by_key(entries: Iterable[Entry]) -> Mapping[str, Sequence[Entry]]:
    by_key: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_key[entry.key_arn].append(entry)
    return by_key
