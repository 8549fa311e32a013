"""All the rows there are. Importing this loads every model, so only tests and tools do."""

from typing import Any

from . import Operation, aliases, keys, tags, usage

ALL_OPERATIONS: tuple[Operation[Any, Any], ...] = tuple(
    row for subject in (aliases, keys, tags, usage) for name, row in vars(subject).items() if name.isupper()
)
