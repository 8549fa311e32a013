"""What a client is set up with, settled from arguments, environment and shared files, and where each came from.

An argument wins over the environment, the environment over the profile; blank counts as missing. A value of
several lines is refused and never shown: in a file an indented line belongs to the property above it, and so a key
may have become part of a region. Source: "Settings reference" in the AWS SDKs and Tools Reference Guide.
"""

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from attrs import frozen

from ._version import __version__
from .config import Kind, Notes, Section, Sections, file_locations, merge, parse
from .endpoints import read_region, resolve
from .errors import ConfigurationError, ParameterError
from .quoting import shown
from .retry import Mode

T = TypeVar("T")

PRODUCT = f"awskms-lite/{__version__}"
_YEAR = 365 * 86_400
_ARGUMENTS = ("region", "use_fips_endpoint", "use_dualstack_endpoint")  # origins of what a caller asked for itself
_NOTHING_NOTED = Notes({})
_NO_TOKEN = re.compile(r"[^A-Za-z0-9!#$%&'*+.^_`|~-]")  # what a product's name cannot hold (RFC 9110, 5.6.2)
_LONGEST_APP_ID = 50  # characters; the AWS SDKs ask for no more


class Setting(NamedTuple, Generic[T]):
    """A value, and where it came from, for people to read."""

    value: T
    source: str


@frozen(eq=False, repr=False)
class Settings:
    """The settled options of a client. The shared files may hold keys, so none of it is shown by `repr`."""

    environ: Mapping[str, str]
    sections: Sections
    notes: Notes
    profile: Setting[str]
    region: Setting[str]
    endpoint_url: Setting[str] | None
    use_fips_endpoint: Setting[bool]
    use_dualstack_endpoint: Setting[bool]
    ca_bundle: Setting[str] | None
    retry_mode: Setting[Mode]
    max_attempts: Setting[int]
    user_agent: str

    @property
    def unsigned_headers(self) -> list[tuple[str, str]]:
        """What each request says beside what is signed, for proxies may rewrite it.

        "identity" because the answers are small, and a compressed one could grow past the size limit unseen.
        """
        return [("Accept-Encoding", "identity"), ("User-Agent", self.user_agent)]

    @property
    def section(self) -> Section:
        """The selected profile, empty where there is none."""
        return self.sections.get(self.profile.value, {})

    def text(self, section: str, name: str) -> str | None:
        """Return a property of a section, None for one that is missing, blank or nested.

        Raise `ConfigurationError` for a value of several lines.
        """
        return _read_text(self.sections, self.notes, section, name)

    def property(self, name: str) -> Setting[str] | None:
        """Return a property of the selected profile, None for one that is missing, blank or nested."""
        return _property(self.sections, self.notes, self.profile.value, name)

    def variable(self, name: str) -> str | None:
        """Return a variable of the environment, trimmed; None for a blank one.

        Raise `ConfigurationError`, which does not show it, for a value of several lines.
        """
        found = _variable(self.environ, name)
        return None if found is None else found.value

    def setting(self, variable: str, name: str) -> Setting[str] | None:
        """Return what the environment says, else the selected profile, else None."""
        return _found(self.environ, self.sections, self.notes, self.profile.value, variable, name)

    def endpoint(self, service: str) -> Setting[str] | None:
        """Return the custom endpoint of a service as the configuration names it ("kms", "sts", "sso_oidc").

        None where the region decides. Raise `ConfigurationError` for a `services` section that is missing.
        """
        if service == "kms" and self.endpoint_url is not None:
            return self.endpoint_url
        ignored = self.setting("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")
        if _flag(ignored).value:
            return None
        specific = f"AWS_ENDPOINT_URL_{service.upper()}"
        return (
            _variable(self.environ, specific)
            or _variable(self.environ, "AWS_ENDPOINT_URL")
            or self._endpoint_of_section(service)
            or self.property("endpoint_url")
        )

    def service_endpoint(self, host: str, service: str, region: str | None = None) -> tuple[str, str]:
        """Return the URL of a service by its name in hosts and in the configuration, and the region to sign for.

        `region` is the client's own where it is None. A custom endpoint is used as it is: FIPS and dual-stack are
        about AWS's own hosts. Raise `ConfigurationError` for a region or an endpoint that is none, and where an
        argument asks KMS for one of the two beside a custom endpoint.
        """
        origin = "sso_region" if region else self.region.source
        plain, named_fips = read_region(region or self.region.value, name=origin)
        fips = Setting(True, origin) if named_fips else self._fips(service)
        dualstack, custom = self.use_dualstack_endpoint, self.endpoint(service)
        if custom is not None and not (service == "kms" and fips.source in _ARGUMENTS):
            fips = Setting(False, custom.source)
        if custom is not None and not (service == "kms" and dualstack.source in _ARGUMENTS):
            dualstack = Setting(False, custom.source)
        return resolve(host, plain, fips=fips.value, dualstack=dualstack.value, custom=custom), plain

    def _fips(self, service: str) -> Setting[bool]:
        """Return whether a service is asked at its FIPS host: the argument is about KMS alone."""
        if service == "kms" or self.use_fips_endpoint.source != "use_fips_endpoint":
            return self.use_fips_endpoint
        return _flag(self.setting("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"))

    def _endpoint_of_section(self, service: str) -> Setting[str] | None:
        name = self.property("services")
        if name is None:
            return None
        key = f"services {name.value}"
        if key not in self.sections:
            raise ConfigurationError(
                f"The profile {self.profile.value!r} refers to [{key}], which is not there: add the section to "
                f"the config file, or take the reference out.{self.notes.missed(key)}"
            )
        own = self.sections[key].get(service)
        if not isinstance(own, dict) or not own.get("endpoint_url"):
            self.text(key, service)  # an endpoint that was meant to be nested below it may have become part of it
            return None
        return Setting(own["endpoint_url"], f"[{key}]")


class SharedFiles(NamedTuple):
    """Both shared files as one, and what there is to know of them beside their sections."""

    sections: Sections
    notes: Notes


def load_files(environ: Mapping[str, str], read_file: Callable[[Path], bytes | None]) -> SharedFiles:
    """Read both shared files; `read_file` returns None for a file that is not there.

    One that cannot be opened counts as absent, for nobody may need it, and is noted. Raise `ConfigurationError`
    for one that is malformed, which names the path and the line, and for variables that are not text.
    """
    for name, value in environ.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ConfigurationError(f"environ[{name!r}] must be a str, not {type(value).__name__}.")
    paths = file_locations(environ)
    config = _load(paths[0], "config", _variable(environ, "AWS_CONFIG_FILE"), read_file)
    credentials = _load(paths[1], "credentials", _variable(environ, "AWS_SHARED_CREDENTIALS_FILE"), read_file)
    notes = Notes(
        merge(config.notes.places, credentials.notes.places),
        config.notes.omissions + credentials.notes.omissions,
        config.notes.unread + credentials.notes.unread,
        config.notes.absent + credentials.notes.absent,
    )
    return SharedFiles(merge(config.sections, credentials.sections), notes)


def _load(
    path: Path, kind: Kind, named: Setting[str] | None, read_file: Callable[[Path], bytes | None]
) -> SharedFiles:
    """Read one of the files; `named` is the variable that moves it, if there is one."""
    try:
        content = read_file(path)
    except ConfigurationError as error:
        return SharedFiles({}, Notes({}, unread=(str(error),)))
    if content is None:
        return SharedFiles({}, Notes({}, absent=(f"{path} ({named.source}) does not exist",) if named else ()))
    parsed = parse(_decoded(content, path), kind, source=str(path))
    return SharedFiles(parsed.sections, parsed.notes)


def resolve_settings(
    environ: Mapping[str, str],
    sections: Sections,
    notes: Notes = _NOTHING_NOTED,
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    use_fips_endpoint: bool | None = None,
    use_dualstack_endpoint: bool | None = None,
    app_id: str | None = None,
) -> Settings:
    """Settle the options of a client; blank arguments count as not given.

    `sections` and `notes` are those of `load_files`. Raise `ConfigurationError` without a region, for a profile
    that is named and not there, and for a value that is none of its kind or goes over several lines.
    """
    chosen = _chosen_profile(environ, sections, notes, profile)
    text = partial(_found, environ, sections, notes, chosen.value)

    def flag(argument: bool | None, variable: str, name: str) -> Setting[bool]:
        if not isinstance(argument, bool | None):
            raise ConfigurationError(f"{name} must be True, False or None, not {type(argument).__name__}.")
        return Setting(argument, name) if argument is not None else _flag(text(variable, name))

    settled_region = (
        _argument(region, "region") or _variable(environ, "AWS_REGION") or text("AWS_DEFAULT_REGION", "region")
    )
    if settled_region is None:
        raise ConfigurationError(
            "No region: pass one (region=..., --region), set AWS_REGION, or put region into the profile."
            f"{notes.missed(chosen.value, 'region')}"
        )
    return Settings(
        environ=environ,
        sections=sections,
        notes=notes,
        profile=chosen,
        region=settled_region,
        endpoint_url=_argument(endpoint_url, "endpoint_url"),
        use_fips_endpoint=flag(use_fips_endpoint, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
        use_dualstack_endpoint=flag(
            use_dualstack_endpoint, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"
        ),
        ca_bundle=_path(text("AWS_CA_BUNDLE", "ca_bundle")),
        retry_mode=_retry_mode(text("AWS_RETRY_MODE", "retry_mode")),
        max_attempts=_attempts(text("AWS_MAX_ATTEMPTS", "max_attempts")),
        user_agent=PRODUCT + _app_id(_argument(app_id, "app_id") or text("AWS_SDK_UA_APP_ID", "sdk_ua_app_id")),
    )


def checked_timeout(name: str, seconds: float | None) -> float | None:
    """Return the seconds back; raise `ParameterError` for what is not a positive number."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _YEAR:
        raise ParameterError(f"{name} is {seconds!r}: pass a positive number of seconds, a year at most, or None.")
    return seconds


def _read_text(sections: Sections, notes: Notes, section: str, name: str) -> str | None:
    """Return a property of a section, None for one that is missing, blank or nested.

    Raise `ConfigurationError`, which does not show it, for a value of several lines.
    """
    value = sections.get(section, {}).get(name)
    if not isinstance(value, str) or not value:
        return None
    if len(value.splitlines()) > 1:
        place = notes.places.get(section, {}).get(name, f"the section {section!r}")
        raise ConfigurationError(
            f"{place}: {name} goes over several lines, since an indented line belongs to the property above it. "
            "Take the indent away."
        )
    return value


def has_profile(sections: Sections, name: str) -> bool:
    """Return whether there is a profile of this name: no other kind of section is one."""
    return name in sections and not name.startswith(("sso-session ", "services "))


def _chosen_profile(
    environ: Mapping[str, str], sections: Sections, notes: Notes, argument: str | None
) -> Setting[str]:
    """Return the profile, by whichever of its two variables is set; AWS_PROFILE is that of all AWS SDKs."""
    variable = _variable(environ, "AWS_PROFILE") or _variable(environ, "AWS_DEFAULT_PROFILE")
    named = _argument(argument, "profile") or variable
    if named is None:
        return Setting("default", "default")
    if has_profile(sections, named.value):
        return named
    if notes.unread:
        raise ConfigurationError(
            f"{notes.unread[0]} The profile {named.value!r} ({named.source}) may be there; it is nowhere else."
        )
    config, credentials = file_locations(environ)
    raise ConfigurationError(
        f"There is no profile {named.value!r} ({named.source}), neither in {config} nor in {credentials}: "
        f"add it, or name another.{notes.missed(named.value)}"
    )


def _argument(value: str | None, name: str) -> Setting[str] | None:
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a str, not {type(value).__name__}.")
    return _on_one_line(Setting(value, name)) if value and value.strip() else None


def _variable(environ: Mapping[str, str], name: str) -> Setting[str] | None:
    value = environ.get(name, "").strip()
    return _on_one_line(Setting(value, name)) if value else None


def _on_one_line(text: Setting[str]) -> Setting[str]:
    if len(text.value.splitlines()) > 1:
        raise ConfigurationError(f"{text.source} holds several lines: set it to one.")
    return text


def _found(
    environ: Mapping[str, str], sections: Sections, notes: Notes, profile: str, variable: str, name: str
) -> Setting[str] | None:
    """Return what a variable says, else a property of the profile, else None."""
    return _variable(environ, variable) or _property(sections, notes, profile, name)


def _property(sections: Sections, notes: Notes, profile: str, name: str) -> Setting[str] | None:
    value = _read_text(sections, notes, profile, name)
    return None if value is None else Setting(value, f"{name} of the profile {profile}")


def _flag(text: Setting[str] | None) -> Setting[bool]:
    if text is None:
        return Setting(False, "default")
    if text.value.lower() not in ("true", "false"):
        raise ConfigurationError(f"A flag ({text.source}) is {shown(text.value)}: set it to true or false.")
    return Setting(text.value.lower() == "true", text.source)


def _retry_mode(text: Setting[str] | None) -> Setting[Mode]:
    """Read the mode; "legacy", which older SDKs have, is taken as standard."""
    if text is None:
        return Setting("standard", "default")
    match text.value.lower():
        case "standard" | "adaptive" as mode:
            return Setting(mode, text.source)
        case "legacy":
            return Setting("standard", f"in place of legacy, {text.source}")
        case _:
            raise ConfigurationError(
                f"The retry mode ({text.source}) is {shown(text.value)}: set it to standard or adaptive."
            )


def _attempts(text: Setting[str] | None) -> Setting[int]:
    if text is None:
        return Setting(3, "default")
    if not text.value.isdecimal() or len(text.value) > 9 or int(text.value) < 1:
        raise ConfigurationError(
            f"The number of attempts ({text.source}) is {shown(text.value)}: set it to 1 for no retry, or to more."
        )
    return Setting(int(text.value), text.source)


def _app_id(text: Setting[str] | None) -> str:
    """Return how the User-Agent names the caller's own program, with a hyphen for what cannot stand in there."""
    return "" if text is None else f" app/{_NO_TOKEN.sub('-', text.value)[:_LONGEST_APP_ID]}"


def _path(text: Setting[str] | None) -> Setting[str] | None:
    """Return a path as it is; raise `ConfigurationError` for one that no file can have."""
    try:
        unfit = text is not None and b"\0" in os.fsencode(text.value)
    except UnicodeEncodeError:
        unfit = True
    if unfit and text is not None:  # out here because the exception above holds the value
        raise ConfigurationError(
            f"{text.source} holds a NUL or half a character, which no path can hold: set it anew."
        )
    return text


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        start = error.start
    # Out here because the exception above holds the whole file.
    raise ConfigurationError(f"{path} is not UTF-8, from byte {start} on: save it as UTF-8.")
