"""What a test hands in: refused here, in words, where it is of another kind than what is asked for."""

from collections.abc import Collection, Mapping
from typing import cast


def check_text(name: str, value: object) -> str:
    """Return the text; raise `ValueError` for anything else."""
    if not isinstance(value, str):
        raise ValueError(f"{name}={value!r} is not a text: pass a str")
    return value


def check_texts(name: str, values: object) -> Collection[str]:
    """Return the collection of texts; raise `ValueError` for anything else, a single text among it."""
    if isinstance(values, str):
        raise ValueError(f"{name}={values!r} is a single text: pass a collection, {name}=[{values!r}]")
    if not isinstance(values, Collection) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name}={values!r} is not a collection of texts: pass one, such as a list of str")
    return cast(Collection[str], values)


def check_text_map(name: str, values: object) -> Mapping[str, str]:
    """Return the mapping of texts to texts; raise `ValueError` for anything else."""
    is_text_map = isinstance(values, Mapping) and all(
        isinstance(text, str) for pair in cast(Mapping[object, object], values).items() for text in pair
    )
    if not is_text_map:
        raise ValueError(f"{name}={values!r} does not map texts to texts: pass a dict, such as {{'team': 'shop'}}")
    return cast(Mapping[str, str], values)


def is_number(value: object) -> bool:
    """Return whether the value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
