"""The shared `config` and `credentials` files: where they lie, what they say, and both of them as one.

    [profile audit]             a section: in the config file `profile NAME`, in the credentials file `NAME`
    region = eu-west-1          a property: its name in any case, its value trimmed   # and a comment
    note = first line
      second line               an indented line continues the value above, here with a line break
    s3 =
      addressing_style = path   below an empty value, an indented line is a sub-property

It is not quite INI. The rules are those of "Using shared config and credentials files" in the AWS SDKs and
Tools Reference Guide and, where that page is silent, what the AWS SDKs agree on. A section or a property
with a name that is not allowed is passed over, as is a section of an unknown kind; a sub-property may have
any name. A line that is neither header nor property is an error, wherever it stands.

Nothing here reads a file or the environment: text and variables are handed in. An error never quotes the
file, for any line of it may hold a secret.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from .errors import ConfigurationError
from .loading import loading

if TYPE_CHECKING:
    from pathlib import Path

Kind: TypeAlias = Literal["config", "credentials"]
Section: TypeAlias = dict[str, str | dict[str, str]]
Sections: TypeAlias = dict[str, Section]

_BLANK = " \t"  # no other character separates or is trimmed, whatever Unicode calls a space
_COMMENT = ("#", ";")
_COMMENT_IN_VALUE = (" #", " ;", "\t#", "\t;")  # a value may hold both marks, so a blank must come first
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.%@:+"
_PREFIXED_DEFAULT = "profile default"  # no clash: a profile's name has no blank


def parse_config(text: str, kind: Kind, *, source: str = "") -> Sections:
    """Give the sections of one shared file, each property name in lower case.

    A profile stands under its name, the other kinds under `sso-session NAME` and `services NAME`, which only
    a config file has. A property is a string, or a dict where it has sub-properties. What occurs twice is
    merged, the later property winning; only `[profile default]` replaces `[default]`, in either order.
    `source`, the path that the text came from, goes into the error. Raises `ConfigurationError`.
    """
    parser = _Parser(kind, source or f"the shared {kind} file")
    for line in _lines(text):
        parser.read(line)
    sections = parser.sections
    if _PREFIXED_DEFAULT in sections:
        sections["default"] = sections.pop(_PREFIXED_DEFAULT)
    return sections


def merge(config: Sections, credentials: Sections) -> Sections:
    """Give the sections of both files as one; for each property the credentials file wins.

    A property with sub-properties counts as one property. Neither argument is changed.
    """
    merged = {name: dict(section) for name, section in config.items()}
    for name, section in credentials.items():
        merged.setdefault(name, {}).update(section)
    return merged


def home_directory(environ: Mapping[str, str], *, windows: bool = os.name == "nt") -> str | None:
    """Give what a leading `~` stands for, None where no variable says so.

    HOME, and on Windows then USERPROFILE, then HOMEDRIVE and HOMEPATH together; a blank one is missing. The
    user database is never asked: all there is to know is in `environ`. Rule: "Finding and changing the
    location of the shared config and credentials files", AWS SDKs and Tools Reference Guide.
    """
    home = _variable(environ, "HOME")
    if home or not windows:
        return home
    drive, path = _variable(environ, "HOMEDRIVE"), _variable(environ, "HOMEPATH")
    return _variable(environ, "USERPROFILE") or (drive + path if drive and path else None)


def file_locations(environ: Mapping[str, str], *, windows: bool = os.name == "nt") -> "tuple[Path, Path]":
    """Give the paths of the config and of the credentials file, whether they exist or not.

    AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE move them from `~/.aws`; a `~` that is the whole first
    part of a path is the home directory. Without a home directory a default location is the null device,
    an empty file: a `~` taken literally would read what somebody put into the working directory.
    Raises `ConfigurationError` for a variable that needs a home directory where there is none.
    """
    return (
        _location(environ, "AWS_CONFIG_FILE", "config", windows),
        _location(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials", windows),
    )


def _location(environ: Mapping[str, str], variable: str, name: str, windows: bool) -> "Path":
    with loading:
        from pathlib import Path, PurePosixPath, PureWindowsPath  # the parser has no need of it

    given = _variable(environ, variable)
    path = (PureWindowsPath if windows else PurePosixPath)(given or f"~/.aws/{name}")
    if path.parts[:1] != ("~",):
        return Path(str(path))
    home = home_directory(environ, windows=windows)
    if home:
        return Path(str(type(path)(home, *path.parts[1:])))
    if not given:
        return Path(os.devnull)
    remedy = "Set HOME, or give an absolute path."
    raise ConfigurationError(f"{variable} begins with ~, but there is no home directory. {remedy}")


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name, "")
    return value if value.strip() else None


class _Parser:
    """The sections so far, and what the next line may belong to."""

    def __init__(self, kind: Kind, source: str) -> None:
        self.sections: Sections = {}
        self._kind: Kind = kind
        self._source = source
        self._line = 0
        self._section: Section | None = None  # the open section; none before the first header
        self._owner: Section | None = None  # where the open property is kept; none right below a header
        self._name = ""

    def read(self, line: str) -> None:
        """Take the next line in. Raises `ConfigurationError`."""
        self._line += 1
        if not line.strip(_BLANK) or line.lstrip(_BLANK).startswith(_COMMENT):
            return  # comments may be indented, as the AWS CLI reads them
        if line.startswith("["):
            self._open_section(line)
        elif self._section is None:
            raise self._error(
                "a line before the first section header",
                "Put a header such as [default] above it; a header is not indented.",
            )
        elif line[0] in _BLANK:
            self._continue_property(line)
        else:
            self._owner, self._name = self._open_property(line, self._section)

    def _open_section(self, line: str) -> None:
        header = _without_comment(line, _COMMENT)
        if not header.endswith("]"):
            raise self._error(
                "a section header that does not end in ]",
                "Write it as [NAME]; only a comment may follow on the line.",
            )
        key = _section_key(header[1:-1], self._kind)
        self._section = {} if key is None else self.sections.setdefault(key, {})  # or read and dropped
        self._owner = None

    def _open_property(self, line: str, section: Section) -> tuple[Section, str]:
        name, value = self._split(line, "property")
        owner = section if _is_name(name) else {}  # or read and dropped
        owner[name.lower()] = value
        return owner, name.lower()

    def _continue_property(self, line: str) -> None:
        if self._owner is None:
            raise self._error(
                "an indented line with no property above it",
                "Take the indent away: an indented line continues the property above.",
            )
        value = self._owner[self._name]
        if isinstance(value, str) and value:
            self._owner[self._name] = f"{value}\n{line.strip(_BLANK)}"  # here a comment is part of the value
            return
        name, text = self._split(line, "sub-property")
        nested = value if isinstance(value, dict) else {}
        nested[name.lower()] = text
        self._owner[self._name] = nested

    def _split(self, line: str, what: str) -> tuple[str, str]:
        name, equals, value = _without_comment(line, _COMMENT_IN_VALUE).partition("=")
        name = name.rstrip(_BLANK)
        if not equals:
            raise self._error(
                f"a {what} without an equals sign",
                "Write it as NAME = VALUE, or put # in front if it is a comment.",
            )
        if not name:
            raise self._error(f"a {what} without a name", "Write it as NAME = VALUE.")
        return name, value.lstrip(_BLANK)

    def _error(self, found: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(f"{self._source}, line {self._line}: found {found}. {remedy}")


def _lines(text: str) -> list[str]:
    """Split at LF, CR LF and CR alone, and at nothing else that Unicode takes for a line's end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _without_comment(line: str, marks: tuple[str, ...]) -> str:
    """Trim the line, and cut it where the first of the marks begins."""
    line = line.strip(_BLANK)
    end = min((at for mark in marks if (at := line.find(mark)) >= 0), default=len(line))
    return line[:end].rstrip(_BLANK)


def _section_key(header: str, kind: Kind) -> str | None:
    """Give the key of a section by what its brackets hold, None for a section to pass over."""
    prefix, _, name = header.replace("\t", " ").strip(" ").partition(" ")
    name = name.lstrip(" ")
    if not name:
        known = _is_name(prefix) if kind == "credentials" else prefix == "default"
        return prefix if known else None
    if kind == "credentials" or not _is_name(name):
        return None
    if prefix == "profile":
        return _PREFIXED_DEFAULT if name == "default" else name
    return f"{prefix} {name}" if prefix in ("sso-session", "services") else None


def _is_name(name: str) -> bool:
    return bool(name) and not name.strip(_NAME_CHARACTERS)
