"""What a client is set up with, settled from arguments, environment and shared files, and where each came from.

An argument wins over the environment, the environment over the profile; blank counts as missing. Source:
"Settings reference" in the AWS SDKs and Tools Reference Guide.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from attrs import frozen

from .config import Section, Sections, file_locations, merge, parse_config
from .endpoints import read_region, resolve
from .errors import ConfigurationError, ParameterError
from .retry import Mode

T = TypeVar("T")


_YEAR = 365 * 86_400


class Setting(NamedTuple, Generic[T]):
    """A value, and where it came from, for people to read."""

    value: T
    origin: str


@frozen(eq=False, repr=False)
class Settings:
    """The settled options of a client. The shared files may hold keys, so none of it is shown by `repr`."""

    environ: Mapping[str, str]
    sections: Sections
    profile: Setting[str]
    region: Setting[str]
    endpoint_url: Setting[str] | None
    use_fips_endpoint: Setting[bool]
    use_dualstack_endpoint: Setting[bool]
    ca_bundle: Setting[str] | None
    retry_mode: Setting[Mode]
    max_attempts: Setting[int]

    @property
    def section(self) -> Section:
        """The selected profile, empty where there is none."""
        return self.sections.get(self.profile.value, {})

    def property(self, name: str) -> Setting[str] | None:
        """Give a property of the selected profile, None for one that is missing, blank or nested."""
        return _property(self.section, name, self.profile.value)

    def endpoint(self, service: str) -> Setting[str] | None:
        """Give the custom endpoint of a service as the configuration names it ("kms", "sts", "sso_oidc").

        None where the region decides. Raises `ConfigurationError` for a `services` section that is missing.
        """
        if service == "kms" and self.endpoint_url is not None:
            return self.endpoint_url
        ignored = _variable(self.environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") or self.property(
            "ignore_configured_endpoint_urls"
        )
        if _flag(ignored).value:
            return None
        specific = f"AWS_ENDPOINT_URL_{service.upper()}"
        return (
            _variable(self.environ, specific)
            or _variable(self.environ, "AWS_ENDPOINT_URL")
            or self._endpoint_of_section(service)
            or self.property("endpoint_url")
        )

    def address(self, host: str, service: str, region: str | None = None) -> tuple[str, str]:
        """Give the URL of a service by its name in hosts and in the configuration, and the region to sign for.

        `region` is the client's own where it is None. Raises `ConfigurationError` for a region or an endpoint
        that is none, and for options at odds.
        """
        plain, fips = read_region(region or self.region.value, name="sso_region" if region else self.region.origin)
        url = resolve(
            host,
            plain,
            fips=fips or self.use_fips_endpoint.value,
            dualstack=self.use_dualstack_endpoint.value,
            custom=self.endpoint(service),
        )
        return url, plain

    def _endpoint_of_section(self, service: str) -> Setting[str] | None:
        name = self.property("services")
        if name is None:
            return None
        services = self.sections.get(f"services {name.value}")
        if services is None:
            raise ConfigurationError(
                f"The profile {self.profile.value!r} refers to [services {name.value}], which is not there: add "
                "the section to the config file, or take the reference out."
            )
        own = services.get(service)
        if not isinstance(own, dict) or not own.get("endpoint_url"):
            return None
        return Setting(own["endpoint_url"], f"[services {name.value}]")


def load_sections(environ: Mapping[str, str], read_file: Callable[[Path], bytes | None]) -> Sections:
    """Read both shared files and give them as one; `read_file` gives None for a file that is not there.

    Raises `ConfigurationError`, which names the path and the line.
    """
    config, credentials = file_locations(environ)
    return merge(
        parse_config(_decoded(read_file(config), config), "config", source=str(config)),
        parse_config(_decoded(read_file(credentials), credentials), "credentials", source=str(credentials)),
    )


def settle(
    environ: Mapping[str, str],
    sections: Sections,
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    use_fips_endpoint: bool | None = None,
    use_dualstack_endpoint: bool | None = None,
) -> Settings:
    """Settle the options of a client; blank arguments count as not given.

    Raises `ConfigurationError` without a region, for a profile that is named and not there, and for a flag
    that is neither true nor false.
    """
    chosen = _chosen_profile(environ, sections, profile)
    section = sections.get(chosen.value, {})

    def text(variable: str, name: str) -> Setting[str] | None:
        return _variable(environ, variable) or _property(section, name, chosen.value)

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
        )
    return Settings(
        environ=environ,
        sections=sections,
        profile=chosen,
        region=settled_region,
        endpoint_url=_argument(endpoint_url, "endpoint_url"),
        use_fips_endpoint=flag(use_fips_endpoint, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
        use_dualstack_endpoint=flag(
            use_dualstack_endpoint, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"
        ),
        ca_bundle=text("AWS_CA_BUNDLE", "ca_bundle"),
        retry_mode=_retry_mode(text("AWS_RETRY_MODE", "retry_mode")),
        max_attempts=_attempts(text("AWS_MAX_ATTEMPTS", "max_attempts")),
    )


def checked_timeout(name: str, seconds: float | None) -> float | None:
    """Give the seconds back; raises `ParameterError` for what is not a positive number."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _YEAR:
        raise ParameterError(f"{name} is {seconds!r}: pass a positive number of seconds, a year at most, or None.")
    return seconds


def _chosen_profile(environ: Mapping[str, str], sections: Sections, argument: str | None) -> Setting[str]:
    named = _argument(argument, "profile") or _variable(environ, "AWS_PROFILE")
    if named is None:
        return Setting("default", "default")
    if named.value not in sections or named.value.startswith(("sso-session ", "services ")):
        config, credentials = file_locations(environ)
        raise ConfigurationError(
            f"There is no profile {named.value!r} ({named.origin}), neither in {config} nor in {credentials}: "
            "add it, or name another."
        )
    return named


def _argument(value: str | None, name: str) -> Setting[str] | None:
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a str, not {type(value).__name__}.")
    return Setting(value, name) if value and value.strip() else None


def _variable(environ: Mapping[str, str], name: str) -> Setting[str] | None:
    value = environ.get(name, "").strip()
    return Setting(value, name) if value else None


def _property(section: Section, name: str, profile: str) -> Setting[str] | None:
    value = section.get(name)
    return Setting(value, f"{name} of the profile {profile}") if isinstance(value, str) and value else None


def _flag(text: Setting[str] | None) -> Setting[bool]:
    if text is None:
        return Setting(False, "default")
    if text.value.lower() not in ("true", "false"):
        raise ConfigurationError(f"A flag ({text.origin}) is {text.value!r}: set it to true or false.")
    return Setting(text.value.lower() == "true", text.origin)


def _retry_mode(text: Setting[str] | None) -> Setting[Mode]:
    """Read the mode; "legacy", which older SDKs have, is taken as standard."""
    if text is None:
        return Setting("standard", "default")
    match text.value.lower():
        case "standard" | "adaptive" as mode:
            return Setting(mode, text.origin)
        case "legacy":
            return Setting("standard", f"in place of legacy, {text.origin}")
        case _:
            raise ConfigurationError(
                f"The retry mode ({text.origin}) is {text.value!r}: set it to standard or adaptive."
            )


def _attempts(text: Setting[str] | None) -> Setting[int]:
    if text is None:
        return Setting(3, "default")
    if not text.value.isdecimal() or len(text.value) > 9 or int(text.value) < 1:
        raise ConfigurationError(
            f"The number of attempts ({text.origin}) is {text.value!r}: set it to 1 for no retry, or to more."
        )
    return Setting(int(text.value), text.origin)


def _decoded(content: bytes | None, path: Path) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as error:
        start = error.start
    raise ConfigurationError(  # out here because the exception above holds the whole file
        f"{path} is not UTF-8, from byte {start} on: save it as UTF-8."
    )
