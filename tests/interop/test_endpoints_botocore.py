"""botocore's own data beside ours: where KMS answers, which errors it has, and which operations count.

Where we mean to differ from botocore's endpoint rules for KMS:

- `fips-X` and `X-fips` are the region X with FIPS here; the rules take them for regions of their own. (botocore
  translates them before it asks the rules, and its older endpoint table has the hosts that they stand for.)
- `aws-global` and its kin stand for services without regions. KMS is not one of them, so they are no regions here.
- What has the prefix of a partition and no known shape (`us-iso-moon`) stays in that partition here; the rules
  send it to the commercial one.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from attrs import fields
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from support.docstrings import declared_errors

from awskms_lite.endpoints import parse_region, partition_of, service_url
from awskms_lite.errors import ServiceError, error_class
from awskms_lite.models.usage import (
    GetKeyLastUsageRequest,
    GetKeyLastUsageResponse,
    KeyLastUsageData,
    KeyLastUsageTrackingOperation,
)
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE

LOADER = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
PARTITIONS: list[dict[str, Any]] = LOADER.load_data("partitions")["partitions"]
TABLE: list[dict[str, Any]] = LOADER.load_data("endpoints")["partitions"]
MODEL: dict[str, Any] = LOADER.load_service_model("kms", "service-2")
RULES = EndpointProvider(LOADER.load_service_model("kms", "endpoint-rule-set-1"), LOADER.load_data("partitions"))
FLAGS = list(product([False, True], repeat=2))
YET_TO_COME = [
    ("aws", "us-moon-3"),
    ("aws", "af-north-12"),
    ("aws-us-gov", "us-gov-north-7"),
    ("aws-cn", "cn-south-2"),
    ("aws-eusc", "eusc-de-west-9"),
    ("aws-iso", "us-iso-north-5"),
    ("aws-iso-b", "us-isob-south-4"),
    ("aws-iso-e", "eu-isoe-east-2"),
    ("aws-iso-f", "us-isof-north-8"),
]


def regions() -> Iterator[tuple[str, str]]:
    """Yield each region that botocore knows, with its partition."""
    for partition in PARTITIONS:
        yield from ((partition["id"], name) for name in partition["regions"] if not name.endswith("-global"))
    for partition in TABLE:
        yield from ((partition["partition"], name) for name in partition["regions"])


def fips_hosts() -> Iterator[tuple[str, str]]:
    """Yield each region with FIPS in its name that the older table has for KMS, with its host."""
    for partition in TABLE:
        for name, endpoint in partition["services"]["kms"]["endpoints"].items():
            if "fips" in name and "hostname" in endpoint:
                yield name, endpoint["hostname"]


def exceptions() -> dict[str, dict[str, Any]]:
    return {name: shape for name, shape in MODEL["shapes"].items() if shape.get("exception")}


@pytest.mark.parametrize(("fips", "dualstack"), FLAGS)
@pytest.mark.parametrize(("partition", "region"), sorted({*regions(), *YET_TO_COME}))
def test_the_url_is_the_rules_url(partition: str, region: str, fips: bool, dualstack: bool) -> None:
    """Each region, known or yet to come, has the URL that AWS's own rules for KMS give, whatever the flags."""
    assert parse_region(region) == (region, False)
    assert partition_of(region).name == partition
    theirs = RULES.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack)
    assert service_url("kms", region, fips=fips, dualstack=dualstack) == theirs.url


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda partition: partition["id"])
def test_the_partition_has_the_same_domains(partition: dict[str, Any]) -> None:
    """Each partition of AWS is known here, with the same two domains."""
    (ours,) = {partition_of(name) for name in partition["regions"] if not name.endswith("-global")}
    outputs = partition["outputs"]
    domains = outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]
    assert ours == (partition["id"], *domains, outputs["implicitGlobalRegion"])
    assert outputs["supportsFIPS"]
    assert outputs["supportsDualStack"]


@pytest.mark.parametrize(("name", "host"), sorted(fips_hosts()))
def test_a_region_with_fips_in_its_name_has_the_tables_host(name: str, host: str) -> None:
    """A pseudo-region of the older table leads to the host that the table has for it."""
    region, fips = parse_region(name)
    assert service_url("kms", region, fips=fips) == f"https://{host}"


def test_there_are_regions_with_fips_in_their_names() -> None:
    """The table still has such regions, so the test above is not an empty one."""
    assert len(list(fips_hosts())) > 20


@pytest.mark.parametrize("name", sorted(exceptions()))
def test_every_error_of_kms_has_its_class(name: str) -> None:
    """Each error that the service model declares is a class, worth a retry where it is the service's own fault."""
    cls = error_class(name)
    assert cls is not ServiceError
    assert cls.__name__ == name
    assert cls.retry_category == ("transient" if exceptions()[name].get("fault") else "final")


def test_the_errors_of_the_operation_are_the_models() -> None:
    """The operation's method names the errors that the service model declares for it."""
    theirs = {error["shape"] for error in MODEL["operations"][GET_KEY_LAST_USAGE.name]["errors"]}
    assert set(declared_errors(GET_KEY_LAST_USAGE)) == theirs


def test_the_operations_that_count_are_the_models() -> None:
    """Each operation that counts as a use in the service model has its name here, and no other has."""
    theirs = MODEL["shapes"]["KeyLastUsageTrackingOperation"]["enum"]
    assert sorted(KeyLastUsageTrackingOperation) == sorted(theirs)


@pytest.mark.parametrize("cls", [GetKeyLastUsageRequest, GetKeyLastUsageResponse, KeyLastUsageData])
def test_the_members_are_the_models(cls: type) -> None:
    """Requests and responses have the members of the service model, beside what is about the exchange."""
    names = [attribute.name for attribute in fields(cls) if attribute.name != "metadata"]
    ours = {"".join(part.capitalize() for part in name.split("_")) for name in names}
    assert ours == set(MODEL["shapes"][cls.__name__]["members"])
