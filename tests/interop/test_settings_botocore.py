"""Region and endpoint beside botocore's: the same files and variables, and the same place where a client asks.

`AGREED` has the surroundings where both ask the same place or refuse; `DIFFERENT` those where we mean to differ,
with what each of the two does, and why.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import botocore.session
import pytest
from botocore import configprovider
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader

from awskms_lite import ConfigurationError, KMSClient
from awskms_lite.reference import NOT_READ, OF_OTHERS, PROPERTIES, READ, READ_OF_PROFILES

LOADER = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
NONE: Mapping[str, Any] = MappingProxyType({})

OHIO = {"AWS_DEFAULT_REGION": "us-east-2"}
PLAIN = "https://kms.us-east-2.amazonaws.com"
FIPS = "https://kms-fips.us-east-2.amazonaws.com"
DUALSTACK = "https://kms.us-east-2.api.aws"
CUSTOM = "http://127.0.0.1:8080"
SERVICES = f"services = mine\n[services mine]\nkms =\n  endpoint_url = {CUSTOM}/services\n"


class Case(NamedTuple):
    """Variables, a config file, a profile and arguments of a client, and the URL it has; None for a failure."""

    name: str
    url: str | None
    environ: Mapping[str, str] = NONE
    config: str = ""
    profile: str | None = None
    arguments: Mapping[str, Any] = NONE


class Difference(NamedTuple):
    """What the two of us make of the same, and why that is meant."""

    case: Case
    theirs: str | None
    why: str


def own(*names: str) -> dict[str, str]:
    """Return variables that each name an endpoint after itself."""
    return {name: f"{CUSTOM}/{name}" for name in names}


AGREED = [
    # region
    Case("variable", PLAIN, OHIO),
    Case("profile", PLAIN, config="[default]\nregion = us-east-2\n"),
    Case("variable-before-profile", PLAIN, OHIO, "[default]\nregion = eu-west-1\n"),
    Case(
        "argument-before-variable", PLAIN, {"AWS_DEFAULT_REGION": "eu-west-1"}, arguments={"region": "us-east-2"}
    ),
    Case("named-profile", PLAIN, {"AWS_PROFILE": "a"}, "[default]\nregion = x\n[profile a]\nregion = us-east-2\n"),
    Case("given-profile", PLAIN, NONE, "[default]\nregion = x\n[profile a]\nregion = us-east-2\n", "a"),
    Case("no-region", None, config="[default]\noutput = json\n"),
    Case("no-host-label", None, {"AWS_DEFAULT_REGION": "us-east-2.example.com/"}),
    Case("unheard-of", "https://kms.us-moon-1.amazonaws.com", {"AWS_DEFAULT_REGION": "us-moon-1"}),
    Case("china", "https://kms.cn-north-1.amazonaws.com.cn", {"AWS_DEFAULT_REGION": "cn-north-1"}),
    Case("fips-in-front", FIPS, {"AWS_DEFAULT_REGION": "fips-us-east-2"}),
    Case("fips-behind", FIPS, {"AWS_DEFAULT_REGION": "us-east-2-fips"}),
    # FIPS and dual-stack
    Case("fips-variable", FIPS, {**OHIO, "AWS_USE_FIPS_ENDPOINT": "true"}),
    Case("fips-variable-in-capitals", FIPS, {**OHIO, "AWS_USE_FIPS_ENDPOINT": "TRUE"}),
    Case("fips-profile", FIPS, OHIO, "[default]\nuse_fips_endpoint = true\n"),
    Case(
        "fips-variable-before-profile",
        PLAIN,
        {**OHIO, "AWS_USE_FIPS_ENDPOINT": "false"},
        "[default]\nuse_fips_endpoint = true\n",
    ),
    Case("dualstack-variable", DUALSTACK, {**OHIO, "AWS_USE_DUALSTACK_ENDPOINT": "true"}),
    Case("dualstack-profile", DUALSTACK, OHIO, "[default]\nuse_dualstack_endpoint = true\n"),
    Case(
        "fips-and-dualstack",
        "https://kms-fips.us-east-2.api.aws",
        {**OHIO, "AWS_USE_FIPS_ENDPOINT": "true"},
        "[default]\nuse_dualstack_endpoint = true\n",
    ),
    Case(
        "fips-and-dualstack-of-us-gov",
        "https://kms-fips.us-gov-west-1.api.aws",
        {
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_USE_DUALSTACK_ENDPOINT": "true",
            "AWS_DEFAULT_REGION": "us-gov-west-1",
        },
    ),
    Case(
        "fips-of-us-gov",
        "https://kms-fips.us-gov-west-1.amazonaws.com",
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_DEFAULT_REGION": "us-gov-west-1"},
    ),
    # custom endpoints
    Case("endpoint-argument", CUSTOM, OHIO | own("AWS_ENDPOINT_URL_KMS"), arguments={"endpoint_url": CUSTOM}),
    Case(
        "endpoint-of-service-variable",
        f"{CUSTOM}/AWS_ENDPOINT_URL_KMS",
        OHIO | own("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_STS"),
        f"[default]\nendpoint_url = {CUSTOM}\n{SERVICES}",
    ),
    Case(
        "endpoint-of-variable",
        f"{CUSTOM}/AWS_ENDPOINT_URL",
        OHIO | own("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"),
        f"[default]\nendpoint_url = {CUSTOM}\n{SERVICES}",
    ),
    Case(
        "endpoint-of-services",
        f"{CUSTOM}/services",
        OHIO,
        f"[default]\nendpoint_url = {CUSTOM}/profile\n{SERVICES}",
    ),
    Case("endpoint-of-profile", f"{CUSTOM}/profile", OHIO, f"[default]\nendpoint_url = {CUSTOM}/profile\n"),
    Case(
        "endpoint-of-other-service",
        PLAIN,
        OHIO | own("AWS_ENDPOINT_URL_STS"),
        f"[default]\nservices = mine\n[services mine]\nsts =\n  endpoint_url = {CUSTOM}\n",
    ),
    Case(
        "endpoint-of-other-service-then-profile",
        f"{CUSTOM}/profile",
        OHIO,
        f"[default]\nendpoint_url = {CUSTOM}/profile\nservices = mine\n"
        f"[services mine]\nsts =\n  endpoint_url = {CUSTOM}\n",
    ),
    Case("endpoint-of-given-profile", f"{CUSTOM}/services", OHIO, f"[profile a]\n{SERVICES}", "a"),
    Case("endpoint-of-missing-services", None, OHIO, "[default]\nservices = mine\n"),
    Case(
        "endpoint-ignored",
        PLAIN,
        {**OHIO, **own("AWS_ENDPOINT_URL"), "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    ),
    Case(
        "endpoint-ignored-by-profile",
        PLAIN,
        OHIO | own("AWS_ENDPOINT_URL_KMS"),
        f"[default]\nignore_configured_endpoint_urls = true\n{SERVICES}",
    ),
    Case(
        "endpoint-not-ignored",
        f"{CUSTOM}/services",
        {**OHIO, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
        f"[default]\nignore_configured_endpoint_urls = true\n{SERVICES}",
    ),
    Case(
        "endpoint-argument-not-ignored",
        CUSTOM,
        {**OHIO, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        arguments={"endpoint_url": CUSTOM},
    ),
    Case(
        "endpoint-argument-beside-fips",
        CUSTOM,
        {**OHIO, "AWS_USE_FIPS_ENDPOINT": "true"},
        arguments={"endpoint_url": CUSTOM},
    ),
    Case(
        "endpoint-beside-dualstack",
        f"{CUSTOM}/AWS_ENDPOINT_URL",
        {**OHIO, **own("AWS_ENDPOINT_URL"), "AWS_USE_DUALSTACK_ENDPOINT": "true"},
    ),
    Case("endpoint-without-scheme", None, OHIO, arguments={"endpoint_url": "localhost:8080"}),
]

DIFFERENT = [
    Difference(
        Case("newer-variable", PLAIN, {"AWS_REGION": "us-east-2"}),
        None,
        "AWS_REGION is what the AWS SDKs agree on, and what Lambda and ECS set; botocore does not read it",
    ),
    Difference(
        Case("newer-variable-first", PLAIN, {"AWS_REGION": "us-east-2", "AWS_DEFAULT_REGION": "eu-west-1"}),
        "https://kms.eu-west-1.amazonaws.com",
        "AWS_REGION goes before AWS_DEFAULT_REGION; botocore does not read it",
    ),
    Difference(
        Case("blank-variable", PLAIN, {"AWS_DEFAULT_REGION": " "}, "[default]\nregion = us-east-2\n"),
        None,
        "a blank variable is a missing one here; for botocore it is a region with a bad name",
    ),
    Difference(
        Case("flag-of-no-truth", None, {**OHIO, "AWS_USE_FIPS_ENDPOINT": "yes"}),
        PLAIN,
        "a flag that is neither true nor false is a mistake here, for FIPS must not get lost; botocore says false",
    ),
    Difference(
        Case("endpoint-with-slash", CUSTOM, OHIO, arguments={"endpoint_url": f"{CUSTOM}/"}),
        f"{CUSTOM}/",
        "a slash at the end says nothing, and is not shown here",
    ),
]


@pytest.fixture
def surround(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Case], None]:
    """Return what puts the process into the surroundings of a case."""

    def surround(case: Case) -> None:
        (tmp_path / "config").write_text(case.config)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        for name, value in case.environ.items():
            monkeypatch.setenv(name, value)

    return surround


def ours(case: Case) -> str | None:
    try:
        with KMSClient(profile=case.profile, **case.arguments) as client:
            return client.endpoint_url
    except ConfigurationError:
        return None


def theirs(case: Case) -> str | None:
    session = botocore.session.Session(profile=case.profile)
    session.register_component("data_loader", LOADER)
    given = {"region": "region_name", "endpoint_url": "endpoint_url"}
    arguments = {given[name]: value for name, value in case.arguments.items()}
    try:
        client = session.create_client("kms", aws_access_key_id="A", aws_secret_access_key="s", **arguments)
    except (BotoCoreError, ValueError):
        return None
    url: str = client.meta.endpoint_url
    client.close()
    return url


@pytest.mark.parametrize("case", AGREED, ids=lambda case: case.name)
def test_the_same_place_is_asked(case: Case, surround: Callable[[Case], None]) -> None:
    """In each surroundings our client has the URL that botocore's has, or both refuse."""
    surround(case)
    assert (ours(case), theirs(case)) == (case.url, case.url)


@pytest.mark.parametrize("difference", DIFFERENT, ids=lambda difference: difference.case.name)
def test_each_difference_is_the_one_that_is_meant(
    difference: Difference, surround: Callable[[Case], None]
) -> None:
    """Where we mean to differ from botocore, each of the two has the URL that the table says, and not the same."""
    surround(difference.case)
    assert difference.why
    assert difference.case.url != difference.theirs
    assert (ours(difference.case), theirs(difference.case)) == (difference.case.url, difference.theirs)


# What the AWS SDKs and Tools Reference Guide lists and botocore does not read.
OF_OTHER_SDKS = {
    ("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "s3_disable_multiregion_access_points"),  # there nested below s3
    ("AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name"),
    ("AWS_ENABLE_ENDPOINT_DISCOVERY", "endpoint_discovery_enabled"),
    ("", "sso_registration_scopes"),
    ("AWS_DEFAULT_OUTPUT", "output"),
    ("AWS_PAGER", "cli_pager"),
    ("AWS_CLI_AUTO_PROMPT", "cli_auto_prompt"),
    ("AWS_BEARER_TOKEN_KMS", ""),
}

OF_THE_RUNTIME = {"AWS_LAMBDA_FUNCTION_NAME"}  # read here as well, for the trace of a call; nobody sets it


def read_by_botocore() -> tuple[set[str], set[str]]:
    """Return the variables and the properties that botocore reads, wherever in its source it does."""
    tables = [
        configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES,
        configprovider.DEFAULT_S3_CONFIG_VARS,
        configprovider.DEFAULT_PROXIES_CONFIG_VARS,
    ]
    properties: set[str] = set()
    for name, *_ in (row for table in tables for row in table.values()):
        for each in name if isinstance(name, list) else [name]:
            properties |= {each[0] if isinstance(each, tuple) else each} - {None}
    named = re.compile(r"""['"](AWS_[A-Z0-9_]+)['"]""")
    sources = (path.read_text() for path in Path(botocore.__file__).parent.glob("*.py"))
    return {variable for source in sources for variable in named.findall(source)}, properties


def test_every_setting_of_botocore_is_read_or_left_out_for_a_reason() -> None:
    """What botocore reads is read here too, or said not to be, with the reason."""
    variables, properties = read_by_botocore()
    left_out = {**NOT_READ, **OF_OTHERS}
    assert {"AWS_CREDENTIAL_EXPIRATION", "AWS_SDK_UA_APP_ID", "AWS_IMDS_USE_IPV6"} <= variables
    assert {"sdk_ua_app_id", "s3", "proxy_ca_bundle"} <= properties
    assert variables - {*READ, *(variable for variable, _ in left_out), *OF_THE_RUNTIME} == set()
    assert properties - PROPERTIES == set()
    assert all(left_out.values())


def test_what_is_left_out_is_a_setting_of_somebodys() -> None:
    """Nothing is listed that neither botocore nor the reference knows, and nothing in both of the lists."""
    variables, properties = read_by_botocore()
    left_out = {*NOT_READ, *OF_OTHERS} - OF_OTHER_SDKS
    assert {variable for variable, _ in left_out if variable} <= variables
    assert {name for _, name in left_out if name} <= properties
    assert not {variable for variable, _ in (*NOT_READ, *OF_OTHERS)} & {*READ}
    assert not {name for _, name in (*NOT_READ, *OF_OTHERS) if name} & {*READ.values(), *READ_OF_PROFILES}
