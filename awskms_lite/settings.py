"""What a client is set up with: an argument wins over the environment, and blank counts as missing.

Source: "Settings reference" in the AWS SDKs and Tools Reference Guide.
"""

from collections.abc import Mapping

from attrs import frozen

from .errors import ConfigurationError


@frozen
class Settings:
    """The settled options of a client; `endpoint_url` is None where the region decides."""

    region: str
    endpoint_url: str | None
    endpoint_origin: str
    use_fips_endpoint: bool
    use_dualstack_endpoint: bool


def settle(
    environ: Mapping[str, str],
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    use_fips_endpoint: bool | None = None,
    use_dualstack_endpoint: bool | None = None,
) -> Settings:
    """Settle the options; raises `ConfigurationError` without a region, and for a flag that is none."""
    settled_region = region or _first(environ, "AWS_REGION", "AWS_DEFAULT_REGION")[0]
    if not settled_region:
        raise ConfigurationError("No region: pass one (region=..., --region), or set AWS_REGION.")
    origin = "endpoint_url"
    if not endpoint_url and not _flag(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", None):
        endpoint_url, origin = _first(environ, "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL")
    return Settings(
        region=settled_region,
        endpoint_url=endpoint_url or None,
        endpoint_origin=origin,
        use_fips_endpoint=_flag(environ, "AWS_USE_FIPS_ENDPOINT", use_fips_endpoint),
        use_dualstack_endpoint=_flag(environ, "AWS_USE_DUALSTACK_ENDPOINT", use_dualstack_endpoint),
    )


def _first(environ: Mapping[str, str], *names: str) -> tuple[str, str]:
    """Give the first variable that is not blank, and its name."""
    for name in names:
        if value := environ.get(name, "").strip():
            return value, name
    return "", ""


def _flag(environ: Mapping[str, str], name: str, argument: bool | None) -> bool:
    if argument is not None:
        return argument
    text = environ.get(name, "").strip().lower()
    if text not in ("", "true", "false"):
        raise ConfigurationError(f"{name} is {text!r}: set it to true or false.")
    return text == "true"
