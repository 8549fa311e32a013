"""Checks of the arguments that a test passes to LocalKMS."""

from collections.abc import Collection, Mapping
from typing import cast


def check_text(name: str, value: object) -> None:
    """Raise `ValueError` unless the value is a str."""
    if not isinstance(value, str):
        raise ValueError(f"{name}={value!r} is not a str: pass one")


def check_texts(name: str, values: object) -> None:
    """Raise `ValueError` unless the values are a collection of str, which a single str does not count as."""
    if isinstance(values, str):
        raise ValueError(f"{name}={values!r} is a single str: pass a collection, {name}=[{values!r}]")
    if not isinstance(values, Collection) or not _are_texts(cast(Collection[object], values)):
        raise ValueError(f"{name}={values!r} is not a collection of str: pass one, such as a list")


def check_text_map(name: str, values: object) -> None:
    """Raise `ValueError` unless the values are a mapping of str to str."""
    given = cast(Mapping[object, object], values) if isinstance(values, Mapping) else {None: None}
    if not _are_texts([*given.keys(), *given.values()]):
        raise ValueError(
            f"{name}={values!r} is not a mapping of str to str: pass a dict, such as {{'team': 'shop'}}"
        )


def check_times(times: object) -> None:
    """Raise `ValueError` unless the value is a count from 1 up, or None for no end."""
    if times is not None and not is_count(times, 1):
        raise ValueError(f"times={times!r} is not a count: pass a number from 1 up, or None for no end")


def is_count(value: object, least: int) -> bool:
    """Return whether the value is a whole number from `least` up."""
    return isinstance(value, int) and value >= least


def is_number(value: object) -> bool:
    """Return whether the value is a number, which True and False do not count as."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(values: Collection[object]) -> bool:
    return all(isinstance(value, str) for value in values)
