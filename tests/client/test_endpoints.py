"""From a region and a few options to a URL, and what is refused on the way."""

import ipaddress
import re

import pytest
from hypothesis import given, strategies as st

from awskms_lite.endpoints import check_key_region, parse_region, partition_of, service_url, validated_custom_url
from awskms_lite.errors import ConfigurationError, ParameterError

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"

PARTITIONS = {  # name: (plain suffix, dual-stack suffix, regions, some of which are made up)
    "aws": (
        "amazonaws.com",
        "api.aws",
        "us-east-1 eu-central-2 ap-southeast-7 sa-east-1 ca-west-1 me-south-1 af-south-1 il-central-1 mx-west-1",
    ),
    "aws-us-gov": ("amazonaws.com", "api.aws", "us-gov-west-1 us-gov-central-9"),
    "aws-cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-north-1 cn-west-2"),
    "aws-eusc": ("amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1 eusc-fr-west-1"),
    "aws-iso": ("c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1 us-iso-north-5"),
    "aws-iso-b": ("sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1 us-isob-south-2"),
    "aws-iso-e": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1 eu-isoe-north-1"),
    "aws-iso-f": ("csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1 us-isof-west-2"),
}
REGIONS = [(region, name) for name, (_, _, regions) in PARTITIONS.items() for region in regions.split()]
NOBODY_HAS_HEARD_OF = [
    "nz-north-1",
    "br-east-12",
    "us-isolated-1",
    "us-government-1",
    "cnn-1",
    "eu-1",
    "moon",
    "a",
]


@pytest.mark.parametrize(("fips", "host"), [(False, "kms"), (True, "kms-fips")])
@pytest.mark.parametrize("dualstack", [False, True])
@pytest.mark.parametrize(("region", "name"), REGIONS)
def test_a_region_leads_to_the_host_of_its_partition(
    region: str, name: str, dualstack: bool, fips: bool, host: str
) -> None:
    """Each partition has its own domains, one plain and one for both stacks, with FIPS or without."""
    suffix = PARTITIONS[name][1 if dualstack else 0]
    assert partition_of(region).name == name
    assert service_url("kms", region, fips=fips, dualstack=dualstack) == f"https://{host}.{region}.{suffix}"


def test_other_services_have_the_same_shape() -> None:
    """The service is the first part of the host, so the same rule serves STS."""
    assert service_url("sts", "eu-west-1") == "https://sts.eu-west-1.amazonaws.com"
    assert service_url("sts", "eu-west-1", fips=True) == "https://sts-fips.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("region", NOBODY_HAS_HEARD_OF)
def test_a_region_nobody_has_heard_of_is_resolved(region: str) -> None:
    """A new region needs no new release: what has no partition's shape lies in the commercial one."""
    assert parse_region(region) == (region, False)
    assert service_url("kms", region) == f"https://kms.{region}.amazonaws.com"


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("us-east-1", "us-east-1"),
        ("fips-us-east-1", "us-east-1"),
        ("us-east-1-fips", "us-east-1"),
        ("fips-us-gov-west-1", "us-gov-west-1"),
        ("us-isob-east-1-fips", "us-isob-east-1"),
    ],
)
def test_fips_may_be_part_of_the_name(name: str, region: str) -> None:
    """`fips-X` and `X-fips`, the pseudo-regions of older set-ups, mean X with FIPS."""
    assert parse_region(name) == (region, name != region)


HOST_LABELS = ["a", "A-1", "us-east-1", "1a", "a" * 63, "us--east", "us-fips-1"]
NO_HOST_LABELS = {
    "empty": "",
    "too long": "a" * 64,
    "a hyphen in front": "-us-east-1",
    "a hyphen at the end": "us-east-1-",
    "digits only": "12",
    "a dot": "us-east-1.evil.com",
    "a slash": "us-east-1/",
    "a user": "x@evil.com",
    "a port": "evil:443",
    "a fragment": "evil.com#",
    "a query": "evil?",
    "a backslash": "evil\\",
    "a percent": "us%2deast",
    "an underscore": "us_east_1",
    "a blank": "us east 1",
    "blanks around": " us-east-1 ",
    "a line end": "us-east-1\n",
    "a tab": "us\teast",
    "a NUL": "us-east-1\0",
    "other digits": "us-east-\u0661",
    "other letters": "\u0430b-east-1",
    "a letter that lowers to k": "\u212aelvin-1",
    "a wildcard": "*",
    "an address": "[::1]",
    "nothing but fips": "fips-",
    "a hyphen after fips": "fips--x",
    "a hyphen before fips": "x--fips",
    "digits after fips": "fips-123",
}


@pytest.mark.parametrize("region", HOST_LABELS)
def test_a_host_label_is_a_region(region: str) -> None:
    """Letters, digits and hyphens, at most 63 of them, may be a region some day."""
    assert parse_region(region) == (region, False)


@pytest.mark.parametrize("region", NO_HOST_LABELS.values(), ids=NO_HOST_LABELS)
def test_what_is_no_host_label_is_no_region(region: str) -> None:
    """What could turn the host of a signed request into another is refused, with or without FIPS in it."""
    with pytest.raises(ConfigurationError, match=r"is not a region: pass a name like 'us-east-2'"):
        parse_region(region)


@pytest.mark.parametrize("region", [None, 1, b"us-east-1", ["us-east-1"]])
def test_a_region_is_a_string(region: str) -> None:
    """Anything but a string is refused with the same error, and not with a TypeError."""
    with pytest.raises(ConfigurationError, match="is not a region"):
        parse_region(region)


@given(st.text("aZ09-.fips:/@#", max_size=12), st.booleans(), st.booleans())
def test_a_region_never_leaves_its_label(name: str, fips: bool, dualstack: bool) -> None:
    """Whatever is read as a region stays one label of a host in AWS's domains."""
    try:
        region, _ = parse_region(name)
    except ConfigurationError:
        return
    url = service_url("kms", region, fips=fips, dualstack=dualstack)
    assert re.fullmatch(r"https://kms(-fips)?\.[A-Za-z0-9][A-Za-z0-9-]*(?<!-)\.(amazonaws\.com|api\.aws).*", url)
    assert url.count("/") == 2


GOOD_URLS = {
    "https://kms.us-east-2.amazonaws.com": "https://kms.us-east-2.amazonaws.com",
    "http://localhost:8080": "http://localhost:8080",
    "http://localhost:8080/": "http://localhost:8080",
    "HTTPS://KMS.Example.COM": "HTTPS://KMS.Example.COM",
    "https://vpce-0123-abcd.kms.us-east-1.vpce.amazonaws.com": (
        "https://vpce-0123-abcd.kms.us-east-1.vpce.amazonaws.com"
    ),
    "http://127.0.0.1:4566": "http://127.0.0.1:4566",
    "http://[::1]:4566": "http://[::1]:4566",
    "http://[FD00:EC2::254]": "http://[FD00:EC2::254]",
    f"https://{'a' * 63}.example.com": f"https://{'a' * 63}.example.com",
    "http://my_kms:80": "http://my_kms:80",
    "http://kms.internal.:1": "http://kms.internal.:1",
    "https://gateway.example.com/kms/": "https://gateway.example.com/kms",
    "https://gateway.example.com/a%20b/~c/@d": "https://gateway.example.com/a%20b/~c/@d",
    "https://example.com:65535": "https://example.com:65535",
}
BAD_URLS = {
    "empty": "",
    "no scheme": "kms.us-east-2.amazonaws.com",
    "a host and a port": "localhost:8080",
    "another scheme": "ftp://example.com",
    "no host": "https://",
    "no host but a port": "https://:443",
    "no host but a path": "https:///kms",
    "one slash": "https:/example.com",
    "a user": "https://user@example.com",
    "a user and a password": "https://user:hunter2@example.com",
    "a query": "https://example.com/?hunter2=1",
    "a query without a path": "https://example.com?hunter2",
    "a fragment": "https://example.com/#hunter2",
    "an empty query": "https://example.com?",
    "an empty fragment": "https://example.com#",
    "a blank": "https://exa mple.com",
    "blanks around": " https://example.com ",
    "a blank in the path": "https://example.com/a b",
    "a line end": "https://example.com\n",
    "a line end in the path": "https://example.com/\r\nX-Evil: hunter2",
    "a backslash": "https://example.com\\@evil.com",
    "a percent in the host": "https://exa%6dple.com",
    "a letter beyond ASCII": "https://ex\u00e4mple.com",
    "a letter that lowers to k": "https://\u212ams.example.com",
    "a letter that lowers to s": "http\u017f://example.com",
    "a path beyond ASCII": "https://example.com/\u00e4",
    "port 0": "https://example.com:0",
    "a port too high": "https://example.com:65536",
    "a long port": "https://example.com:123456",
    "a port that is no number": "https://example.com:http",
    "a port without digits": "https://example.com:",
    "other digits": "https://example.com:\u0661",
    "an address that is none": "https://[::::]",
    "an IPv4 address in brackets": "https://[1.2.3.4]",
    "a name in brackets": "https://[example.com]",
    "an open bracket": "https://[::1",
    "an IPv4 address out of range": "https://999.1.1.1",
    "an IPv4 address cut short": "https://127.1",
    "an empty label": "https://kms..example.com",
    "an empty label in front": "https://.example.com",
    "a dot alone": "https://.",
    "a label too long": f"https://{'a' * 64}.example.com",
}


@pytest.mark.parametrize(("url", "expected"), GOOD_URLS.items())
def test_a_custom_endpoint_is_taken_as_it_stands(url: str, expected: str) -> None:
    """An endpoint is http or https, a host and perhaps a port and a path; only slashes at the end go."""
    assert validated_custom_url(url, name="endpoint_url") == expected


@pytest.mark.parametrize("url", BAD_URLS.values(), ids=BAD_URLS)
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    """Anything else is refused; the error says where it was set, and repeats nothing that may be secret."""
    with pytest.raises(ConfigurationError, match=r"AWS_ENDPOINT_URL_KMS is not an endpoint: pass a URL") as caught:
        validated_custom_url(url, name="AWS_ENDPOINT_URL_KMS")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", [None, 1, b"https://example.com", ["https://example.com"]])
def test_an_endpoint_is_a_string(url: str) -> None:
    """Anything but a string is refused with the same error, and not with a TypeError."""
    with pytest.raises(ConfigurationError, match="endpoint_url is not an endpoint"):
        validated_custom_url(url, name="endpoint_url")


@given(st.text("0129af:.", max_size=12))
def test_an_address_in_brackets_is_an_ipv6_address(text: str) -> None:
    """What stands in brackets is an address that can be connected to, or refused here and not later."""
    url = f"http://[{text}]:80"
    try:
        assert validated_custom_url(url, name="endpoint_url") == url
    except ConfigurationError:
        with pytest.raises(ipaddress.AddressValueError):
            ipaddress.IPv6Address(text)
    else:
        ipaddress.IPv6Address(text)


def arn(region: str, partition: str) -> str:
    return f"arn:{partition}:kms:{region}:111122223333:key/{KEY}"


@pytest.mark.parametrize(("region", "partition"), REGIONS)
def test_a_key_of_the_same_region_passes(region: str, partition: str) -> None:
    """An ARN of the client's own region and partition may be sent, and so may a key id, which names neither."""
    check_key_region(arn(region, partition), region)
    check_key_region(KEY, region)


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-2", "us-gov-west-1", "US-EAST-1"])
def test_a_key_of_another_region_is_refused(region: str) -> None:
    """An ARN of another region is a mistake, and the error says which region to ask."""
    with pytest.raises(
        ParameterError, match=rf"is in {region}, and this client's region is us-east-1: .*'{region}'"
    ):
        check_key_region(arn(region, "aws"), "us-east-1")


@pytest.mark.parametrize(
    ("region", "partition", "own"),
    [("us-east-1", "aws-cn", "aws"), ("us-gov-west-1", "aws", "aws-us-gov"), ("cn-north-1", "aws", "aws-cn")],
)
def test_a_key_of_another_partition_is_refused(region: str, partition: str, own: str) -> None:
    """An ARN whose partition its region does not lie in was not copied from AWS."""
    with pytest.raises(
        ParameterError, match=rf"the partition '{partition}', and the region {region} is in '{own}'"
    ):
        check_key_region(arn(region, partition), region)


@pytest.mark.parametrize(
    "key_id", ["arn:", "arn:aws:kms", "arn:aws:kms:eu-west-1", "alias/app", "", ":::::", "arn"]
)
def test_what_is_no_whole_arn_is_not_judged(key_id: str) -> None:
    """What names no region passes, however it looks: KMS says what is wrong with it."""
    check_key_region(key_id, "us-east-1")
