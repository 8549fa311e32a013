"""From a region and a few options to the URL of a service, and the checks on both.

Source: AWS's endpoint rules for KMS and STS ("AWS Key Management Service endpoints and quotas" in the AWS
General Reference) and "FIPS and dual-stack endpoints" in the SDK reference. A region nobody has heard of is
resolved by its shape, so that a new region needs no new release.
"""

import re
from typing import NamedTuple

from .errors import ConfigurationError, ParameterError
from .loading import loading
from .quoting import shown


class Partition(NamedTuple):
    """A part of AWS with its own accounts, and the domains its services live under."""

    name: str
    suffix: str
    dualstack_suffix: str


_COMMERCIAL = Partition("aws", "amazonaws.com", "api.aws")
_BY_PREFIX = {
    "us-gov-": Partition("aws-us-gov", "amazonaws.com", "api.aws"),
    "cn-": Partition("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": Partition("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": Partition("aws-iso", "c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": Partition("aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": Partition("aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": Partition("aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
_HOST_LABEL = re.compile(r"(?!-)(?![0-9]+\Z)[A-Za-z0-9-]{1,63}(?<!-)")
_CUSTOM_URL = re.compile(
    r"https?://(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<v4>[0-9.]+)|(?P<name>(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?))"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[!-~]*)?",
    re.IGNORECASE | re.ASCII,
)


def partition_of(region: str) -> Partition:
    """Return the partition a region belongs to, by the shape of its name."""
    for prefix, partition in _BY_PREFIX.items():
        if region.lower().startswith(prefix):
            return partition
    return _COMMERCIAL


def read_region(region: str, *, name: str = "region") -> tuple[str, bool]:
    """Split a region's name into the region and whether it asks for FIPS: `fips-X` and `X-fips` mean X.

    Raise `ConfigurationError` for a name that is not a host label: it becomes part of a host name, and a
    signed request must not be sent to a host that somebody smuggled into a variable.
    """
    plain = region.removeprefix("fips-").removesuffix("-fips") if isinstance(region, str) else ""
    if not _HOST_LABEL.fullmatch(plain):
        what = shown(region) if isinstance(region, str) else repr(region)
        raise ConfigurationError(
            f"{what} ({name}) is not a region: pass a name like 'us-east-2' (letters, digits and hyphens)."
        )
    return plain, plain != region


def service_url(service: str, region: str, *, fips: bool = False, dualstack: bool = False) -> str:
    """Return the URL of a regional service ("kms", "sts", "portal.sso"), without a slash at its end."""
    partition = partition_of(region)
    if service != "kms" and partition.name == "aws-us-gov" and not dualstack:
        fips = False  # the plain hosts there are the FIPS ones
    host = f"{service}-fips" if fips else service
    return f"https://{host}.{region}.{partition.dualstack_suffix if dualstack else partition.suffix}"


def read_custom_url(url: str, *, name: str) -> str:
    """Check a custom endpoint (`name` says where it was set) and give it without a slash at its end.

    Raise `ConfigurationError` unless it is http or https, a host and perhaps a port and a path: what else a
    URL can hold (user, query, fragment) has no place in an endpoint, and is not repeated in the error.
    """
    match = _CUSTOM_URL.fullmatch(url) if isinstance(url, str) and not set("?#") & set(url) else None
    if match is None or int(match["port"] or 1) not in range(1, 65536) or not _is_address_or_name(match):
        raise ConfigurationError(
            f"{name} is not an endpoint: pass a URL like 'https://kms.us-east-2.amazonaws.com' or "
            "'http://localhost:8080', with no user, query or fragment."
        )
    return url.rstrip("/")


def resolve(
    service: str, region: str, *, fips: bool, dualstack: bool, custom: tuple[str, str] | None = None
) -> str:
    """Return the URL of a service: the custom one (URL and where it was set) if there is one, else the region's.

    Raise `ConfigurationError` for a custom endpoint beside FIPS or dual-stack, which only AWS's hosts have.
    """
    if custom is None:
        return service_url(service, region, fips=fips, dualstack=dualstack)
    url, origin = custom
    if fips or dualstack:
        raise ConfigurationError(
            f"A custom endpoint ({origin}) goes with neither FIPS nor dual-stack: leave the endpoint to the "
            "region, or switch those off."
        )
    return read_custom_url(url, name=origin)


def _is_address_or_name(host: re.Match[str]) -> bool:
    if host["name"] is not None:
        return True
    with loading:
        from ipaddress import IPv4Address, IPv6Address  # only who names an address needs it

    try:
        IPv4Address(host["v4"]) if host["v6"] is None else IPv6Address(host["v6"])
    except ValueError:
        return False
    return True


def check_key_region(key_id: str, region: str) -> None:
    """Raise `ParameterError` where a key's ARN belongs to another region or partition than the client.

    A key id, which names no region, passes, and so does what is no whole ARN: that is for KMS to refuse. It
    would refuse this one too, after a signed request.
    """
    parts = key_id.split(":", 4)
    if len(parts) < 5 or parts[0] != "arn" or parts[2] != "kms" or not parts[3]:
        return
    _, partition, _, key_region, _ = parts
    if key_region != region:
        raise ParameterError(
            f"The key {key_id!r} is in {key_region}, and this client asks {region}: "
            f"use a client with region={key_region!r} (--region {key_region} for the command)."
        )
    if partition != partition_of(region).name:
        raise ParameterError(
            f"The key {key_id!r} names the partition {partition!r}, and the region {region} lies in "
            f"{partition_of(region).name!r}: copy the ARN from DescribeKey."
        )
