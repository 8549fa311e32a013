"""Where the reports of one audit go: `--output FORMAT[:FILE]`, and files that are there in full or not at all."""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from errno import EISDIR
from os import strerror
from pathlib import Path
from secrets import token_hex
from typing import Literal, NamedTuple, TextIO

from ...errors import ConfigurationError
from ...quoting import printable
from ..text import silence_output

FORMATS = ("table", "json", "jsonl", "csv", "md", "html", "ocsf", "asff", "prom")


class Output(NamedTuple):
    """One report: its format, and its file, None for standard output."""

    format: str
    file: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Output":
        """Return what FORMAT[:FILE] names, "-" being standard output; raise `ValueError` if it is invalid."""
        name, colon, file = text.partition(":")
        if name not in FORMATS:
            raise ValueError(f"invalid choice: {name!r} (choose from {', '.join(FORMATS)})")
        if colon and not file:
            raise ValueError(f"no file follows {text!r}: name one, or leave out the colon for standard output")
        return cls(name, file if colon and file != "-" else None)


def check_outputs(outputs: Sequence[Output], checkpoint: str | None) -> None:
    """Raise `ConfigurationError` for two reports on standard output, and for a file that is to hold two things."""
    unnamed = [output.format for output in outputs if output.file is None]
    if len(unnamed) > 1:
        raise ConfigurationError(
            f"--output {unnamed[0]} and --output {unnamed[1]} would both go to standard output: name a file for "
            f"all but one, as --output {unnamed[1]}:FILE."
        )
    uses = {} if checkpoint is None else {_identity(checkpoint): "--checkpoint"}
    for output in outputs:
        if output.file is None or _is_special(Path(output.file)):
            continue
        use = f"--output {output.format}"
        other = uses.setdefault(_identity(output.file), use)
        if other is not use:
            raise ConfigurationError(
                f"{other} and {use} name one file, {printable(output.file)}: name another one for each."
            )


def _identity(file: str) -> str:
    """Return the path by which a file is the same, whatever leads there."""
    return os.path.normcase(os.path.realpath(file))


def _is_special(path: Path) -> bool:
    """Return whether a path is a device or a pipe, which takes what is written and cannot be replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


class StandardOutput:
    """Standard output as the place of a report."""

    def __init__(self, *, as_utf8: bool) -> None:
        """Take it; `as_utf8` is for formats that are UTF-8 to their readers, in any locale."""
        self.stream: TextIO = sys.stdout
        stream: object = self.stream
        if as_utf8 and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")

    @property
    def replaces(self) -> bool:
        """Return whether `publish` takes the place of another report."""
        return False

    def publish(self) -> None:
        """Write what is buffered."""
        self.stream.flush()

    def discard(self) -> None:
        """Let what is buffered go: what was written cannot be taken back."""
        silence_output()


class OutputFile:
    """A file that is written beside its place and moved there by `publish`, with the permissions of the umask.

    A device or a pipe is written to as it is. Raise `ConfigurationError` if the file cannot be made.
    """

    def __init__(self, file: str) -> None:
        self._place = Path(os.path.realpath(file))  # a link stays one, and what it leads to is replaced
        is_special = _is_special(self._place)
        self._written = self._place if is_special else self._place.with_name(f".awskms-lite-{token_hex(8)}.tmp")
        # "x" follows no link that somebody else may have put there.
        mode: Literal["w", "x"] = "w" if is_special else "x"
        try:
            if self._place.is_dir():
                raise IsADirectoryError(EISDIR, strerror(EISDIR))
            self.stream: TextIO = self._written.open(mode, encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            raise ConfigurationError(
                f"{printable(file)} cannot be written: {error.strerror}. Name a file in a directory that you may "
                "write to."
            ) from error

    @property
    def replaces(self) -> bool:
        """Return whether `publish` takes the place of another report."""
        return self._written != self._place and self._place.exists()

    def publish(self) -> None:
        """Write what is buffered, and move the file into its place."""
        self.stream.close()
        if self._written != self._place:
            self._written.replace(self._place)

    def discard(self) -> None:
        """Remove what was written, unless it is in its place already."""
        with suppress(OSError):
            self.stream.close()
        if self._written != self._place:
            self._written.unlink(missing_ok=True)
