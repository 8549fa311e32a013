"""The names by which keys are given: ids of the region in use, or ARNs with regions of their own."""

from collections.abc import Sequence

from ..call import ClientState, call
from ..errors import ParameterError
from ..models.aliases import ListAliasesRequest
from ..models.usage import GetKeyLastUsageRequest
from ..operations.aliases import LIST_ALIASES
from ..steps import Flow
from .callers import Callers


def check_keys(keys: Sequence[str]) -> None:
    """Raise `ParameterError` for what is neither a key id, a key ARN nor an alias, and for no key at all."""
    if isinstance(keys, str) or not keys:
        raise ParameterError("keys must be a collection of key ids or key ARNs, with one of them at least.")
    for key in keys:
        if not _is_alias(key):
            GetKeyLastUsageRequest(key)  # which takes a key id or a key ARN


def resolve_keys(callers: Callers, keys: Sequence[str]) -> Flow[list[str]]:
    """Return the ARN of each key, each once; raise `ParameterError` for an alias, and name the key behind it."""
    for key in keys:
        if _is_alias(key):
            yield from _refuse_alias(callers, key)
    return list(dict.fromkeys(map(callers.arn_of, keys)))


def _is_alias(key: object) -> bool:
    return isinstance(key, str) and (key.startswith("alias/") or (key.startswith("arn:") and ":alias/" in key))


def _refuse_alias(callers: Callers, alias: str) -> Flow[None]:
    """Raise `ParameterError`: an alias may be pointed to another key between two runs.

    Its key is looked up in the list of aliases, because DescribeKey of an alias of AWS's may create a key.
    """
    parts = alias.split(":", 5)
    name, state = parts[-1], callers.own.state
    caller = callers.of(parts[4]) if len(parts) == 6 else callers.own
    if caller is not None:
        region = parts[3] if len(parts) == 6 else state.region
        key_id = yield from _key_of(caller.connection(region).kms, name)
        if key_id is not None:
            arn = callers.arn_of(
                f"arn:{parts[1]}:kms:{region}:{parts[4]}:key/{key_id}" if len(parts) == 6 else key_id
            )
            raise ParameterError(f"{alias} is an alias, which may be pointed to another key: name its key, {arn}.")
    raise ParameterError(f"{alias} is an alias, which may be pointed to another key, and none that is known here.")


def _key_of(state: ClientState, name: str) -> Flow[str | None]:
    request = ListAliasesRequest(limit=100)
    for _ in range(1000):  # pages: more than any account has
        page = yield from call(state, LIST_ALIASES, request)
        for alias in page.aliases:
            if alias.alias_name == name:
                return alias.target_key_id
        if not page.truncated or page.next_marker is None:
            break
        request = ListAliasesRequest(limit=100, marker=page.next_marker)
    return None
