"""From a region and a few options to the URL of a service, and the checks on both.

Source: AWS's endpoint rules for KMS and STS ("AWS Key Management Service endpoints and quotas" in the AWS
General Reference) and "FIPS and dual-stack endpoints" in the SDK reference. An unknown region is
resolved by the shape of its name, so that a new region needs no new release.
"""

import re
from typing import NamedTuple

from .errors import ConfigurationError, ParameterError
from .loading import loading
from .quoting import shown


class Partition(NamedTuple):
    """A part of AWS with its own accounts, the domains of its services, and the region of the global ones."""

    name: str
    suffix: str
    dualstack_suffix: str
    global_region: str


_COMMERCIAL = Partition("aws", "amazonaws.com", "api.aws", "us-east-1")
_BY_PREFIX = {
    "us-gov-": Partition("aws-us-gov", "amazonaws.com", "api.aws", "us-gov-west-1"),
    "cn-": Partition("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"),
    "eusc-": Partition("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"),
    "us-iso-": Partition("aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"),
    "us-isob-": Partition("aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"),
    "eu-isoe-": Partition("aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"),
    "us-isof-": Partition("aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"),
}
_GLOBAL_SERVICES = frozenset({"organizations"})
_HOST_LABEL = re.compile(r"(?!-)(?![0-9]+\Z)[A-Za-z0-9-]{1,63}(?<!-)")
_CUSTOM_URL = re.compile(
    r"https?://(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<v4>[0-9.]+)|(?P<name>(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?))"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[!-~]*)?",
    re.IGNORECASE | re.ASCII,
)


def partition_of(region: str) -> Partition:
    """Return the partition of a region, by the shape of its name."""
    for prefix, partition in _BY_PREFIX.items():
        if region.lower().startswith(prefix):
            return partition
    return _COMMERCIAL


def parse_region(region: str, *, name: str = "region") -> tuple[str, bool]:
    """Return the region of a name, and whether the name asks for FIPS: `fips-X` and `X-fips` mean X.

    Raise `ConfigurationError` for a name that is not a host label: it becomes part of a host name, and a signed
    request must not be sent to a host that was smuggled in.
    """
    plain = region.removeprefix("fips-").removesuffix("-fips") if isinstance(region, str) else ""
    if not _HOST_LABEL.fullmatch(plain):
        what = shown(region) if isinstance(region, str) else repr(region)
        raise ConfigurationError(
            f"{what} ({name}) is not a region: pass a name like 'us-east-2' (letters, digits and hyphens)."
        )
    return plain, plain != region


def region_of_service(service: str, region: str) -> str:
    """Return the region that a service answers in: that of the caller, or the partition's if it is global."""
    return partition_of(region).global_region if service in _GLOBAL_SERVICES else region


def service_url(service: str, region: str, *, fips: bool = False, dualstack: bool = False) -> str:
    """Return the URL of a regional service ("kms", "sts", "portal.sso"), without a slash at its end."""
    partition = partition_of(region)
    if partition.name == "aws-us-gov" and service != "kms" and (not dualstack or service in _GLOBAL_SERVICES):
        fips = False  # the plain hosts there are the FIPS ones
    host = f"{service}-fips" if fips else service
    return f"https://{host}.{region}.{partition.dualstack_suffix if dualstack else partition.suffix}"


def validated_custom_url(url: str, *, name: str) -> str:
    """Return a custom endpoint without a slash at its end; `name` is its source, for the error.

    Raise `ConfigurationError` unless it is http or https with a host, and perhaps a port and a path. The error
    does not repeat the URL, which may hold a password.
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
    """Return the URL of a service: the custom one, with its source, if there is one, else the region's.

    Raise `ConfigurationError` for a custom endpoint beside FIPS or dual-stack, which only AWS's own hosts have.
    """
    if custom is None:
        return service_url(service, region, fips=fips, dualstack=dualstack)
    url, source = custom
    if fips or dualstack:
        raise ConfigurationError(
            f"A custom endpoint ({source}) cannot be combined with FIPS or dual-stack: remove the endpoint, "
            "or switch those off."
        )
    return validated_custom_url(url, name=source)


def _is_address_or_name(host: re.Match[str]) -> bool:
    if host["name"] is not None:
        return True
    with loading:
        from ipaddress import IPv4Address, IPv6Address  # only an endpoint with an address needs it

    try:
        IPv4Address(host["v4"]) if host["v6"] is None else IPv6Address(host["v6"])
    except ValueError:
        return False
    return True


def check_key_region(key_id: str, region: str) -> None:
    """Raise `ParameterError` if the ARN of a key is of another region or partition than the client.

    A key id, which has no region, and an incomplete ARN pass: KMS refuses the latter itself.
    """
    parts = key_id.split(":", 4)
    if len(parts) < 5 or parts[0] != "arn" or parts[2] != "kms" or not parts[3]:
        return
    _, partition, _, key_region, _ = parts
    if key_region != region:
        raise ParameterError(
            f"The key {key_id!r} is in {key_region}, and this client's region is {region}: "
            f"use a client with region={key_region!r} (--region {key_region} for the command)."
        )
    if partition != partition_of(region).name:
        raise ParameterError(
            f"The key {key_id!r} names the partition {partition!r}, and the region {region} is in "
            f"{partition_of(region).name!r}: copy the ARN from DescribeKey."
        )
