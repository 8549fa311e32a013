"""The settings of a client, resolved from arguments, environment and shared files, each with its source.

An argument wins over the environment, the environment over the profile; blank counts as missing. A value of
several lines is refused and never shown: in a file an indented line belongs to the property above it, so a key may
have become part of a region. Source: "Settings reference" in the AWS SDKs and Tools Reference Guide.
"""

import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from attrs import frozen

from ._version import __version__
from .config import Kind, Notes, Section, Sections, file_locations, merge, parse
from .endpoints import parse_region, region_of_service, resolve
from .errors import ConfigurationError, ParameterError
from .quoting import shown
from .retry import Mode

T = TypeVar("T")

PRODUCT = f"awskms-lite/{__version__}"
_YEAR = 365 * 86_400  # seconds; a longer timeout is a mistake in the unit
_ARGUMENTS = (
    "region",
    "use_fips_endpoint",
    "use_dualstack_endpoint",
)  # sources: arguments of the caller
_NO_NOTES = Notes({})
_NO_TOKEN = re.compile(r"[^A-Za-z0-9!#$%&'*+.^_`|~-]")  # what a product token cannot hold (RFC 9110, 5.6.2)
_MAX_APP_ID = 50  # characters: the limit of the AWS SDKs


class Setting(NamedTuple, Generic[T]):
    """A value, and its source for people to read."""

    value: T
    source: str


@frozen(eq=False, repr=False)
class Settings:
    """The resolved settings of a client. Its repr shows nothing, since the shared files may hold keys."""

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
    service: str = "kms"
    """Which service the arguments about endpoints are for: another one's endpoint follows the configuration."""

    @property
    def unsigned_headers(self) -> list[tuple[str, str]]:
        """The headers of each request that are not signed, because proxies may rewrite them.

        "identity" because the answers are small, and a compressed one could grow past the size limit unseen.
        """
        return [("Accept-Encoding", "identity"), ("User-Agent", self.user_agent)]

    @property
    def section(self) -> Section:
        """The selected profile, empty if there is none."""
        return self.sections.get(self.profile.value, {})

    def text(self, section: str, name: str) -> str | None:
        """Return a property of a section, None if it is missing, blank or nested.

        Raise `ConfigurationError` for a value of several lines.
        """
        return _read_text(self.sections, self.notes, section, name)

    def property(self, name: str) -> Setting[str] | None:
        """Return a property of the selected profile, None if it is missing, blank or nested."""
        return _property(self.sections, self.notes, self.profile.value, name)

    def variable(self, name: str) -> str | None:
        """Return a variable of the environment, trimmed; None if it is missing or blank.

        Raise `ConfigurationError`, which does not show it, for a value of several lines.
        """
        found = _variable(self.environ, name)
        return None if found is None else found.value

    def setting(self, variable: str, name: str) -> Setting[str] | None:
        """Return the value of the environment, else of the selected profile, else None."""
        return _found(self.environ, self.sections, self.notes, self.profile.value, variable, name)

    def endpoint(self, service: str) -> Setting[str] | None:
        """Return the custom endpoint of a service by its name in the configuration ("kms", "sts", "sso_oidc").

        None if it has none. Raise `ConfigurationError` for a `services` section that is missing.
        """
        if service == self.service and self.endpoint_url is not None:
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
        """Return the URL of a service, by its name in hosts and in the configuration, and the region to sign for.

        `region` is the client's own if it is None. A custom endpoint is used as it is: FIPS and dual-stack are
        only about AWS's own hosts. Raise `ConfigurationError` for an invalid region or endpoint, and if an
        argument asks for one of the two beside a custom endpoint of the service that it is for.
        """
        source = "sso_region" if region else self.region.source
        plain, named_fips = parse_region(region or self.region.value, name=source)
        plain = region_of_service(service, plain)
        fips = Setting(True, source) if named_fips else self._fips(service)
        dualstack, custom = self.use_dualstack_endpoint, self.endpoint(service)
        is_own = service == self.service
        if custom is not None and not (is_own and fips.source in _ARGUMENTS):
            fips = Setting(False, custom.source)
        if custom is not None and not (is_own and dualstack.source in _ARGUMENTS):
            dualstack = Setting(False, custom.source)
        return resolve(host, plain, fips=fips.value, dualstack=dualstack.value, custom=custom), plain

    def _fips(self, service: str) -> Setting[bool]:
        """Return whether to use the FIPS host of a service: the argument is about the client's own alone."""
        if service == self.service or self.use_fips_endpoint.source != "use_fips_endpoint":
            return self.use_fips_endpoint
        return _flag(self.setting("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"))

    def _endpoint_of_section(self, service: str) -> Setting[str] | None:
        name = self.property("services")
        if name is None:
            return None
        key = f"services {name.value}"
        if key not in self.sections:
            raise ConfigurationError(
                f"The profile {self.profile.value!r} refers to [{key}], which does not exist: add the section to "
                f"the config file, or remove the reference.{self.notes.missed(key)}"
            )
        own = self.sections[key].get(service)
        if not isinstance(own, dict) or not own.get("endpoint_url"):
            self.text(key, service)  # refuses an endpoint that became part of the line above it
            return None
        return Setting(own["endpoint_url"], f"[{key}]")


class SharedFiles(NamedTuple):
    """Both shared files as one, and the notes on them."""

    sections: Sections
    notes: Notes


def load_files(environ: Mapping[str, str], read_file: Callable[[Path], bytes | None]) -> SharedFiles:
    """Read both shared files; `read_file` returns None for a file that is not there.

    A file that cannot be opened counts as absent and is noted, because it may not be needed. Raise
    `ConfigurationError` for a malformed file, with its path and line, and for variables that are not text.
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
    """Read one of the files; `named` is the variable with its path, if there is one."""
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
    notes: Notes = _NO_NOTES,
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    use_fips_endpoint: bool | None = None,
    use_dualstack_endpoint: bool | None = None,
    app_id: str | None = None,
    service: str = "kms",
) -> Settings:
    """Resolve the settings of a client of a service; blank arguments count as not passed.

    `sections` and `notes` are those of `load_files`. Raise `ConfigurationError` if there is no region, for a named
    profile that does not exist, and for an invalid value or one of several lines.
    """
    chosen = _chosen_profile(environ, sections, notes, profile)
    text = partial(_found, environ, sections, notes, chosen.value)

    def flag(argument: bool | None, variable: str, name: str) -> Setting[bool]:
        if not isinstance(argument, bool | None):
            raise ConfigurationError(f"{name} must be True, False or None, not {type(argument).__name__}.")
        return Setting(argument, name) if argument is not None else _flag(text(variable, name))

    resolved_region = (
        _argument(region, "region") or _variable(environ, "AWS_REGION") or text("AWS_DEFAULT_REGION", "region")
    )
    if resolved_region is None:
        raise ConfigurationError(
            "No region: pass one (region=..., --region), set AWS_REGION, or put region into the profile."
            f"{notes.missed(chosen.value, 'region')}"
        )
    return Settings(
        environ=environ,
        sections=sections,
        notes=notes,
        profile=chosen,
        region=resolved_region,
        endpoint_url=_argument(endpoint_url, "endpoint_url"),
        use_fips_endpoint=flag(use_fips_endpoint, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
        use_dualstack_endpoint=flag(
            use_dualstack_endpoint, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"
        ),
        ca_bundle=_path(text("AWS_CA_BUNDLE", "ca_bundle")),
        retry_mode=_retry_mode(text("AWS_RETRY_MODE", "retry_mode")),
        max_attempts=_attempts(text("AWS_MAX_ATTEMPTS", "max_attempts")),
        service=service,
        user_agent=PRODUCT + _app_id(_argument(app_id, "app_id") or text("AWS_SDK_UA_APP_ID", "sdk_ua_app_id")),
    )


def validated_timeout(name: str, timeout: float | timedelta | None) -> float | None:
    """Return the seconds of a timeout; raise `ParameterError` unless it is positive, or None."""
    if timeout is None:
        return None
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _YEAR:
        raise ParameterError(
            f"{name} is {timeout!r}: pass a positive number of seconds, or a timedelta, a year at most, or None."
        )
    return seconds


def _read_text(sections: Sections, notes: Notes, section: str, name: str) -> str | None:
    """Return a property of a section, None if it is missing, blank or nested.

    Raise `ConfigurationError`, which does not show it, for a value of several lines.
    """
    value = sections.get(section, {}).get(name)
    if not isinstance(value, str) or not value:
        return None
    if len(value.splitlines()) > 1:
        place = notes.places.get(section, {}).get(name, f"the section {section!r}")
        raise ConfigurationError(
            f"{place}: {name} goes over several lines, since an indented line belongs to the property above it. "
            "Remove the indent."
        )
    return value


def has_profile(sections: Sections, name: str) -> bool:
    """Return whether there is a profile of this name: no other kind of section is one."""
    return name in sections and not name.startswith(("sso-session ", "services "))


def _chosen_profile(
    environ: Mapping[str, str], sections: Sections, notes: Notes, argument: str | None
) -> Setting[str]:
    """Return the profile: the argument, else AWS_PROFILE, else the older AWS_DEFAULT_PROFILE."""
    variable = _variable(environ, "AWS_PROFILE") or _variable(environ, "AWS_DEFAULT_PROFILE")
    named = _argument(argument, "profile") or variable
    if named is None:
        return Setting("default", "default")
    if has_profile(sections, named.value):
        return named
    if notes.unread:
        raise ConfigurationError(
            f"{notes.unread[0]} The profile {named.value!r} ({named.source}) may be there; it is in no other file."
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
    """Return the value of a variable, else of a property of the profile, else None."""
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
    """Return the retry mode; "legacy", the mode of older SDKs, counts as standard."""
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
    """Return the product token of the caller's program, with a hyphen for each character that it cannot hold."""
    return "" if text is None else f" app/{_NO_TOKEN.sub('-', text.value)[:_MAX_APP_ID]}"


def _path(text: Setting[str] | None) -> Setting[str] | None:
    """Return a path unchanged; raise `ConfigurationError` if no file can have it."""
    try:
        invalid = text is not None and b"\0" in os.fsencode(text.value)
    except UnicodeEncodeError:
        invalid = True
    if invalid and text is not None:  # out here because the exception above holds the value
        raise ConfigurationError(
            f"{text.source} holds a NUL or half a character, which no path can hold: correct it."
        )
    return text


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        start = error.start
    # Out here because the exception above holds the whole file.
    raise ConfigurationError(f"{path} is not UTF-8, from byte {start} on: save it as UTF-8.")
