"""The shared `config` and `credentials` files: where they lie, what they say, and both of them as one.

    [profile audit]             a section: in the config file `profile NAME`, in the credentials file `NAME`
    region = eu-west-1          a property: its name in any case, its value trimmed   # and a comment
    note = first line
      second line               an indented line continues the value above, here with a line break
    s3 =
      addressing_style = path   below an empty value, an indented line is a sub-property

It is not quite INI. The rules are those of "Using shared config and credentials files" in the AWS SDKs and
Tools Reference Guide and, where that page is silent, what the AWS SDKs agree on. In the config file a name may
stand in quotes (`[profile 'my prod']`), as the AWS CLI writes one with a blank. A section or a property
with a name that is not allowed is ignored, as is a section of an unknown kind; a sub-property may have
any name. A line that is neither header nor property is an error, wherever it stands.

What is ignored is noted, with its line and the reason, for whoever misses it: see `Notes`. A section whose
name has a character that is not allowed is kept beside the others, for who asks for exactly that name.

Nothing here reads a file or the environment: text and variables are handed in, and only where no variable tells
the home directory is the user database asked. Neither an error nor a note quotes the file, for any line of it may
hold a secret.
"""

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, TypeVar

from .errors import ConfigurationError
from .loading import loading

if TYPE_CHECKING:
    from pathlib import Path

V = TypeVar("V")
Kind: TypeAlias = Literal["config", "credentials"]
Section: TypeAlias = dict[str, str | dict[str, str]]
Sections: TypeAlias = dict[str, Section]

_BLANK = " \t"  # no other character separates or is trimmed, whatever Unicode calls a space
_COMMENT = ("#", ";")
_COMMENT_IN_VALUE = (" #", " ;", "\t#", "\t;")  # a value may hold both marks, so a blank must come first
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.%@:+"
_OF_CONFIG = ("sso-session", "services")  # kinds of section that keep their prefix
_PREFIXES = ("profile", *_OF_CONFIG)
_OF_CONFIG_ARE = "a section of the config file is [profile NAME], [sso-session NAME], [services NAME] or [default]"
_OF_CREDENTIALS_ARE = "a section of the credentials file is that of a profile, and has no prefix: [NAME]"
_QUOTES = ("'", '"')
_QUOTED_HEADER = re.compile(r"""\[([^]'"#;]*(?:'[^']*'|"[^"]*")+[ \t]*)\][ \t]*(?:[#;].*)?""", re.DOTALL)
_PREFIXED_DEFAULT = "profile default"  # no clash: no section is kept under a name with this prefix
_SHOWN_CHARACTERS = 3  # so many of the invisible ones are named, which is enough to find them all


class Omission(NamedTuple):
    """A section or a line that is ignored: where it stands and why, for people to read.

    `section` is the key of the section that a line stands in, or what the brackets of a section hold. `lead` is
    the beginning of a line's name, reduced by `plain`, and None for a section. Both serve for comparison only, and
    are not to be shown: they may hold a piece of a secret.
    """

    place: str
    section: str
    lead: str | None
    reason: str

    def __str__(self) -> str:
        """Return the note, without anything of the file."""
        return f"{self.place}: ignored, because {self.reason}"


class Notes(NamedTuple):
    """What there is to know of the shared files beside their sections.

    `places` has for each property of each section "PATH, line N"; `unread` says of a file that cannot be read why,
    and `absent` of one that a variable names that it does not exist.
    """

    places: dict[str, dict[str, str]]
    omissions: tuple[Omission, ...] = ()
    unread: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    def missed(self, section: str, name: str = "") -> str:
        """Return what may be why a section, or a property of it, is missing: each note on a line of its own."""
        prefix, _, rest = section.partition(" ")
        wanted = plain(rest if prefix in _OF_CONFIG else section)
        found = [
            str(note)
            for note in self.omissions
            if (note.lead is None and wanted and plain(note.section).endswith(wanted))
            or (note.lead is not None and note.section == section and (not name or note.lead == plain(name)))
        ]
        return "".join(f"\n  {note}" for note in (*self.unread, *self.absent, *found))


def plain(name: str) -> str:
    """Return the letters and digits of a name in lower case: what is left when it is misspelt with other marks."""
    return "".join(filter(str.isalnum, name.casefold()))


def parse_config(text: str, kind: Kind, *, source: str = "") -> Sections:
    """Return the sections of one shared file, each property name in lower case.

    A profile stands under its name, the other kinds under `sso-session NAME` and `services NAME`, which only
    a config file has. A property is a string, or a dict where it has sub-properties. What occurs twice is
    merged, the later property winning; only `[profile default]` replaces `[default]`, in either order.
    `source`, the path that the text came from, goes into the error. Raise `ConfigurationError`.
    """
    parsed = parse(text, kind, source=source)
    return {key: section for key, section in parsed.sections.items() if key in parsed.regular}


class Parsed(NamedTuple):
    """What one shared file holds: its sections, which of their names are `regular`, and the notes."""

    sections: Sections
    regular: frozenset[str]
    notes: Notes


def parse(text: str, kind: Kind, *, source: str = "") -> Parsed:
    """Return all that `parse_config` reads, the sections with names that are not allowed, and the notes."""
    parser = _Parser(kind, source or f"the shared {kind} file")
    for line in _lines(text):
        parser.read(line)
    return parser.parsed()


def merge(config: dict[str, dict[str, V]], credentials: dict[str, dict[str, V]]) -> dict[str, dict[str, V]]:
    """Return the sections of both files as one; for each property the credentials file wins.

    A property with sub-properties counts as one property. Neither argument is changed.
    """
    merged = {name: dict(section) for name, section in config.items()}
    for name, section in credentials.items():
        merged.setdefault(name, {}).update(section)
    return merged


def home_directory(environ: Mapping[str, str], *, windows: bool = os.name == "nt") -> str | None:
    """Return what a leading `~` stands for, None where nothing tells.

    HOME, and on Windows then USERPROFILE, then HOMEDRIVE and HOMEPATH together; a blank one is missing. Elsewhere
    the user database has the last word, as it has in a process that a service manager starts without HOME. Rule:
    "Finding and changing the location of the shared config and credentials files", AWS SDKs and Tools Reference
    Guide.
    """
    home = _variable(environ, "HOME")
    if not windows:
        return home or home_in_database()
    drive, path = _variable(environ, "HOMEDRIVE"), _variable(environ, "HOMEPATH")
    return home or _variable(environ, "USERPROFILE") or (drive + path if drive and path else None)


def home_in_database(user: str | None = None) -> str | None:
    """Return the home directory of a user, by default of this process's; None for one that the system lacks."""
    try:
        with loading:
            import pwd
    except ImportError:  # Windows
        return None
    try:
        entry = pwd.getpwuid(os.getuid()) if user is None else pwd.getpwnam(user)
    except (KeyError, ValueError):  # a user id without a name, as containers have; a name with a NUL
        return None
    return entry.pw_dir if entry.pw_dir.strip() else None


def expand_home(path: str, environ: Mapping[str, str], *, windows: bool = os.name == "nt") -> str | None:
    """Return a path with its first part replaced where that is `~` or `~USER`; None without a home directory.

    The path of a user whom the system lacks is left as it is, as a shell leaves it.
    """
    with loading:
        from pathlib import PurePosixPath, PureWindowsPath  # the parser has no need of it

    parts = (PureWindowsPath if windows else PurePosixPath)(path)
    first = parts.parts[0] if parts.parts else ""
    if not first.startswith("~"):
        return str(parts)
    if first == "~":
        home = home_directory(environ, windows=windows)
        return str(type(parts)(home, *parts.parts[1:])) if home else None
    home = None if windows else home_in_database(first[1:])
    return str(type(parts)(home, *parts.parts[1:])) if home else str(parts)


def file_locations(environ: Mapping[str, str], *, windows: bool = os.name == "nt") -> "tuple[Path, Path]":
    """Return the paths of the config and of the credentials file, whether they exist or not.

    AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE move them from `~/.aws`; a `~` that is the whole first
    part of a path is the home directory, and `~USER` that of another user. Without a home directory a default
    location is the null device, an empty file: a `~` taken literally would read what somebody put into the working
    directory. Raise `ConfigurationError` for a variable that needs a home directory where there is none.
    """
    return (
        _location(environ, "AWS_CONFIG_FILE", "config", windows),
        _location(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials", windows),
    )


def _location(environ: Mapping[str, str], variable: str, name: str, windows: bool) -> "Path":
    with loading:
        from pathlib import Path  # the parser has no need of it

    given = _variable(environ, variable)
    if given and len(given.splitlines()) > 1:
        raise ConfigurationError(f"{variable} holds several lines: set it to one.")
    path = expand_home(given or f"~/.aws/{name}", environ, windows=windows)
    if path is not None:
        return Path(path)
    if not given:
        return Path(os.devnull)
    remedy = "Set HOME, or give an absolute path."
    raise ConfigurationError(f"{variable} begins with ~, but there is no home directory. {remedy}")


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name, "")
    return value if value.strip() else None


class _Header(NamedTuple):
    """What a section's brackets come to: its key, None if it is ignored, and what is wrong with it."""

    key: str | None
    fault: str = ""


class _Parser:
    """The sections so far, and what the next line may belong to."""

    def __init__(self, kind: Kind, source: str) -> None:
        self._sections: Sections = {}
        self._places: dict[str, dict[str, str]] = {}
        self._omissions: list[Omission] = []
        self._regular: set[str] = set()
        self._kind: Kind = kind
        self._source = source
        self._number = 0
        self._text = ""
        self._key: str | None = None  # of the open section; none before the first, nor in one that is ignored
        self._section: Section | None = None  # the open section; none before the first header
        self._owner: Section | None = None  # where the open property is kept; none right below a header
        self._name = ""
        self._more: list[str] = []  # the lines that continue the open property, joined once it ends

    def parsed(self) -> Parsed:
        """Return what has been read."""
        self._close_property()
        if _PREFIXED_DEFAULT in self._sections:
            self._sections["default"] = self._sections.pop(_PREFIXED_DEFAULT)
            self._places["default"] = self._places.pop(_PREFIXED_DEFAULT, {})
            self._regular.add("default")
            kept = [note for note in self._omissions if note.section != "default"]
            self._omissions = [
                note._replace(section="default") if note.section == _PREFIXED_DEFAULT else note for note in kept
            ]
        return Parsed(self._sections, frozenset(self._regular), Notes(self._places, tuple(self._omissions)))

    def read(self, line: str) -> None:
        """Take the next line in. Raise `ConfigurationError`."""
        self._number += 1
        self._text = line
        if _is_blank(line) or line.lstrip(_BLANK).startswith(_COMMENT):
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
        text = _header(line)
        if text is None:
            raise self._error(
                "a section header that does not end in ]",
                "Write it as [NAME]; only a comment may follow on the line.",
            )
        header = _read_header(text, self._kind)
        self._close_property()
        self._key = header.key
        self._section = {} if header.key is None else self._sections.setdefault(header.key, {})
        self._owner = None
        if header.fault:
            self._omissions.append(Omission(self._place(), text, None, header.fault))
        elif header.key is not None:
            self._regular.add(header.key)

    def _open_property(self, line: str, section: Section) -> tuple[Section, str]:
        name, value = self._split(line, "property")
        self._close_property()
        owner = section if _is_name(name) else {}  # or read and dropped
        owner[name.lower()] = value
        if self._key is not None:
            self._note_property(self._key, name)
        return owner, name.lower()

    def _note_property(self, key: str, name: str) -> None:
        if _is_name(name):
            self._places.setdefault(key, {})[name.lower()] = self._place()
        else:
            lead = plain(name.partition(":")[0])
            self._omissions.append(Omission(self._place(), key, lead, f"its name holds {_strange_in(name)}"))

    def _continue_property(self, line: str) -> None:
        if self._owner is None:
            raise self._error(
                "an indented line with no property above it",
                "Take the indent away: an indented line continues the property above.",
            )
        value = self._owner[self._name]
        if isinstance(value, str) and value:
            self._more.append(line.strip(_BLANK))  # here a comment is part of the value
            return
        name, text = self._split(line, "sub-property")
        nested = value if isinstance(value, dict) else {}
        nested[name.lower()] = text
        self._owner[self._name] = nested

    def _close_property(self) -> None:
        """Join the lines that continue the open property to its value."""
        if self._owner is not None and self._more:
            self._owner[self._name] = "\n".join([str(self._owner[self._name]), *self._more])
        self._more.clear()

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

    def _place(self) -> str:
        return f"{self._source}, line {self._number}"

    def _error(self, found: str, remedy: str) -> ConfigurationError:
        invisible = _invisible_in(self._text)
        also = f" The line holds {invisible}, which is not seen: take it out." if invisible else ""
        return ConfigurationError(f"{self._place()}: found {found}. {remedy}{also}")


def _lines(text: str) -> list[str]:
    """Split at LF, CR LF and CR alone, and at nothing else that Unicode takes for a line's end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _is_blank(line: str) -> bool:
    """Return whether there is nothing to be seen on a line: a no-break space that was pasted, perhaps."""
    return all(character in _BLANK or not character.isprintable() for character in line)


def _without_comment(line: str, marks: tuple[str, ...]) -> str:
    """Trim the line, and cut it where the first of the marks begins."""
    line = line.strip(_BLANK)
    end = min((at for mark in marks if (at := line.find(mark)) >= 0), default=len(line))
    return line[:end].rstrip(_BLANK)


def _header(line: str) -> str | None:
    """Return what the brackets of a section hold, None if they are not closed; quotes may hold any mark."""
    quoted = _QUOTED_HEADER.fullmatch(line)
    if quoted is not None:
        return quoted[1]
    line = _without_comment(line, _COMMENT)
    return line[1:-1] if line.endswith("]") else None


def _read_header(text: str, kind: Kind) -> _Header:
    """Return the key of a section by what its brackets hold; one with a fault and a key is found by it alone."""
    text = text.replace("\t", " ").strip(" ")
    prefix, _, name = text.partition(" ")
    name = name.lstrip(" ")
    if kind == "credentials":
        if name and prefix in _PREFIXES:
            return _Header(None, _OF_CREDENTIALS_ARE)
        return _named(text)
    if prefix == "default" and not name:
        return _Header("default")
    if prefix not in _PREFIXES or not name:
        invisible = _invisible_in(text)
        return _Header(None, f"its name holds {invisible}" if invisible else _OF_CONFIG_ARE)
    unquoted = _unquoted(name)
    header = _named(name) if unquoted is None else _Header(unquoted)
    if header.key is None or header.key.startswith(tuple(f"{other} " for other in _PREFIXES)):
        return _Header(None, "its name begins like another kind of section")
    if prefix == "profile":
        return header._replace(key=_PREFIXED_DEFAULT) if header.key == "default" else header
    return header._replace(key=f"{prefix} {header.key}")


def _named(name: str) -> _Header:
    if not name:
        return _Header(None, "it has no name")
    return _Header(
        name, "" if _is_name(name) else f"its name holds {_strange_in(name)}, and is found only as it stands"
    )


def _unquoted(name: str) -> str | None:
    """Return a name without the quotes round it, by the rules of a shell; None where it is not in quotes."""
    if name[0] not in _QUOTES or name[-1] not in _QUOTES:
        return None
    with loading:
        from shlex import split  # few names are in quotes

    try:
        words = split(name)
    except ValueError:  # a quote that is left open
        return None
    return words[0] if len(words) == 1 and words[0].strip() else None


def _strange_in(name: str) -> str:
    """Return which characters keep a name from being one; of those that can be seen none is shown."""
    blank = "a blank" if any(character in _BLANK for character in name) else ""
    return _invisible_in(name) or blank or "a character beside letters, digits and -_/.%@:+"


def _invisible_in(text: str) -> str:
    """Return the names of the characters in a text that cannot be seen, empty if it has none."""
    found = [character for character in dict.fromkeys(text) if character != "\t" and not character.isprintable()]
    if not found:
        return ""
    with loading:
        import unicodedata  # only a file that has some needs it

    return ", ".join(
        f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character')})"
        for character in found[:_SHOWN_CHARACTERS]
    )


def _is_name(name: str) -> bool:
    return bool(name) and not name.strip(_NAME_CHARACTERS)
