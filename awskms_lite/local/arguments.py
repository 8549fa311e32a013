"""What a test hands in: refused here, in words, where it is of another kind than what is asked for."""

from collections.abc import Collection, Mapping
from typing import cast


def check_text(name: str, value: object) -> None:
    """Raise `ValueError` for anything but a text."""
    if not isinstance(value, str):
        raise ValueError(f"{name}={value!r} is not a text: pass a str")


def check_texts(name: str, values: object) -> None:
    """Raise `ValueError` for anything but a collection of texts, so for a single text too."""
    if isinstance(values, str):
        raise ValueError(f"{name}={values!r} is a single text: pass a collection, {name}=[{values!r}]")
    if not isinstance(values, Collection) or not _are_texts(cast(Collection[object], values)):
        raise ValueError(f"{name}={values!r} is not a collection of texts: pass one, such as a list of str")


def check_text_map(name: str, values: object) -> None:
    """Raise `ValueError` for anything but a mapping of texts to texts."""
    given = cast(Mapping[object, object], values) if isinstance(values, Mapping) else {None: None}
    if not _are_texts([*given.keys(), *given.values()]):
        raise ValueError(f"{name}={values!r} does not map texts to texts: pass a dict, such as {{'team': 'shop'}}")


def is_number(value: object) -> bool:
    """Return whether the value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(values: Collection[object]) -> bool:
    return all(isinstance(value, str) for value in values)
