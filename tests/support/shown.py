"""All that an error shows of itself, for the tests that search it for what it must not hold."""

import json
import pickle
import traceback
from collections.abc import Iterator

from awskms_lite.errors import KMSLiteError


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that it is chained to, however that is hidden."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is not None and found not in seen:
            seen.append(found)
            waiting += [found.__cause__, found.__context__]
            yield found


def shown_by(error: BaseException | None) -> str:
    """Return the traceback of an error, what it and those behind it hold, and its pickle; "" without an error."""
    if error is None:
        return ""
    parts = [*traceback.format_exception(error)]
    for found in chain(error):
        parts += [str(found), repr(found), repr(found.args), repr(vars(found))]
        parts += [json.dumps(value, default=repr) for value in vars(found).values()]
    if isinstance(error, KMSLiteError):
        parts.append(pickle.dumps(error).decode("latin-1"))
    return "\n".join(parts)
