"""The chain: which source is asked when, what ends it, and what is imported and opened on the way."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.flow_world import World

from awskms_lite.config import Notes, parse, parse_config
from awskms_lite.credentials import chain, container
from awskms_lite.errors import ConfigurationError, CredentialsError, KMSLiteError
from awskms_lite.identity import Credentials
from awskms_lite.service_clock import ServiceClock
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Response, Send

NOW = 1_790_000_000.0
METADATA = "http://169.254.169.254/latest"
ROLE_PATH = f"{METADATA}/meta-data/iam/security-credentials/"
STS = "https://sts.us-east-2.amazonaws.com"
TASK = "http://169.254.170.2/task"

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIASHELL", "AWS_SECRET_ACCESS_KEY": "secret-of-shell"}
PROFILE = "aws_access_key_id = AKIAFILE\naws_secret_access_key = secret-of-file\n"
WEB_IDENTITY = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/Pod"}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/task"}
NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true"}


def keys(key_id: str) -> Response:
    body = {"AccessKeyId": key_id, "SecretAccessKey": "s", "Token": "t", "Expiration": "2030-01-02T03:04:05Z"}
    return Response(200, {}, json.dumps(body).encode())


def everywhere() -> World:
    """Return a world in which every source has credentials."""
    pod = (
        b"<A><Credentials><AccessKeyId>ASIAPOD</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        b"<SessionToken>t</SessionToken><Expiration>2030-01-02T03:04:05Z</Expiration></Credentials></A>"
    )
    return World(
        files={"/token": b"a.jwt"},
        answers={
            ("POST", STS): Response(200, {}, pod),
            ("GET", TASK): keys("ASIATASK"),
            ("PUT", f"{METADATA}/api/token"): Response(200, {}, b"token"),
            ("GET", ROLE_PATH): Response(200, {}, b"box"),
            ("GET", ROLE_PATH + "box"): keys("ASIABOX"),
        },
    )


def find(
    environ: Mapping[str, str],
    text: str = "",
    *,
    profile: str | None = None,
    world: World | None = None,
    mfa: Callable[[str], str] | None = None,
) -> Credentials:
    """Ask the chain; `text` is a config file that begins with the properties of the default profile."""
    sections = parse_config(f"[default]\n{text}", "config") if text else {}
    settings = resolve_settings(environ, sections, profile=profile, region="us-east-2")
    flow = chain.find(settings, clock=ServiceClock(lambda: NOW), random=lambda: 1.0, mfa=mfa)
    return (everywhere() if world is None else world).play(flow)


@pytest.mark.parametrize(
    ("environ", "text", "key"),
    [
        ({**ENVIRONMENT, **WEB_IDENTITY, **CONTAINER}, PROFILE, "AKIASHELL"),
        ({**WEB_IDENTITY, **CONTAINER}, PROFILE, "AKIAFILE"),
        ({**WEB_IDENTITY, **CONTAINER}, "", "ASIAPOD"),
        ({**WEB_IDENTITY, **CONTAINER}, "output = json\n", "ASIAPOD"),
        (CONTAINER, "", "ASIATASK"),
        ({}, "", "ASIABOX"),
    ],
)
def test_the_sources_are_asked_in_order(environ: Mapping[str, str], text: str, key: str) -> None:
    """Environment, profile, web identity, container, instance: the first that has credentials gives them."""
    assert find(environ, text).access_key_id == key


@pytest.mark.parametrize(
    ("profile", "named", "key"),
    [
        ("ops", {}, "AKIAOPS"),
        ("ops", {"AWS_PROFILE": "default"}, "AKIAOPS"),
        ("default", {}, "AKIAFILE"),
        (None, {"AWS_PROFILE": "ops"}, "AKIASHELL"),
        (" ", {}, "AKIASHELL"),
        ("bare", {}, "ASIABOX"),
        ("bare", CONTAINER, "ASIATASK"),
        (None, {"AWS_PROFILE": "bare"}, "AKIASHELL"),
    ],
)
def test_a_profile_that_is_given_goes_first(profile: str | None, named: dict[str, str], key: str) -> None:
    """The argument goes first, and in place of the environment's keys and web identity; the variable does not."""
    text = PROFILE + "[profile ops]\n" + PROFILE.replace("FILE", "OPS") + "[profile bare]\noutput = json\n"
    assert find({**ENVIRONMENT, **WEB_IDENTITY, **named}, text, profile=profile).access_key_id == key


@pytest.mark.parametrize(
    ("environ", "text", "telling"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA", **CONTAINER}, PROFILE, "AWS_SECRET_ACCESS_KEY is not: set both"),
        (CONTAINER, "aws_access_key_id = AKIA\n", "half a pair"),
        ({**CONTAINER, "AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, "", "AWS_ROLE_ARN is not: set both"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.org/"}, "", "another machine"),
    ],
)
def test_a_broken_source_ends_the_search(environ: dict[str, str], text: str, telling: str) -> None:
    """A source that is set up and broken is told, and no other is asked though it has credentials."""
    world = everywhere()
    with pytest.raises(KMSLiteError, match=telling):
        find(environ, text, world=world)
    assert world.steps == []


def test_a_source_that_does_not_answer_ends_the_search() -> None:
    """A container's endpoint that cannot be reached is no reason to ask the instance."""
    world = World(answers={("PUT", f"{METADATA}/api/token"): Response(200, {}, b"token")})
    with pytest.raises(CredentialsError, match=r"container \(http://169\.254\.170\.2\) cannot be reached"):
        find(CONTAINER, world=world)
    assert {step.request.url for step in world.steps if isinstance(step, Send)} == {TASK}


def test_where_there_are_none_every_source_says_why() -> None:
    """The error has a line for each source in its order, with the reason, and ends in what to do."""
    with pytest.raises(CredentialsError) as caught:
        find(NOWHERE)
    first, *places, last = str(caught.value).splitlines()
    assert first == "No credentials found. These sources were searched:"
    assert places == [
        "  environment variables: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
        "  profile default: the shared files have no section of this name",
        "  web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set",
        f"  container: neither {container.RELATIVE_URI} nor {container.FULL_URI} is set",
        "  EC2 instance metadata: AWS_EC2_METADATA_DISABLED is true",
    ]
    assert "Set up one of them, or pass credentials=" in last


@pytest.mark.parametrize(("profile", "at"), [("default", 0), (None, 1)])
def test_the_reasons_stand_in_the_order_of_the_search(profile: str | None, at: int) -> None:
    """A given profile that says nothing is the first that was passed over."""
    with pytest.raises(CredentialsError) as caught:
        find(NOWHERE, "output = json\n", profile=profile)
    not_asked = "environment variables, web identity: not asked, because a profile was passed as an argument"
    assert (not_asked in str(caught.value)) is (profile is not None)
    assert "profile default: it says nothing about credentials" in str(caught.value).splitlines()[1 + at]


KINDS = "a section of the config file is [profile NAME], [sso-session NAME], [services NAME] or [default]"


def test_what_was_not_read_of_the_files_is_told_where_there_are_none() -> None:
    """A file that cannot be read or is not there, a section and a line that were passed over: each may be why."""
    parsed = parse(
        "[Default]\nx = 1\n[default]\nregion = us-east-2\nout\u200bput = json\n", "config", source="/config"
    )
    notes = parsed.notes._replace(unread=("/k cannot be read (why).",), absent=("/c (VARIABLE) does not exist",))
    settings = resolve_settings(NOWHERE, parsed.sections, notes)
    with pytest.raises(CredentialsError) as caught:
        World().play(chain.find(settings, clock=ServiceClock(lambda: NOW), random=lambda: 1.0, mfa=None))
    assert str(caught.value).splitlines()[-4:] == [
        "  /k cannot be read (why).",
        "  /c (VARIABLE) does not exist",
        f"  /config, line 1: ignored, because {KINDS}",
        "  /config, line 5: ignored, because its name holds U+200B (ZERO WIDTH SPACE)",
    ]


def test_a_given_profile_is_no_other_while_a_file_cannot_be_read() -> None:
    """Its keys may stand in the file: the metadata of another identity does not take their place."""
    notes = Notes({}, unread=("/k cannot be read (why).",))
    world = everywhere()
    settings = resolve_settings({}, {"ops": {"region": "us-east-2"}}, notes, profile="ops")
    with pytest.raises(ConfigurationError, match=r"^/k cannot be read \(why\)\. The profile 'ops' may have"):
        world.play(chain.find(settings, clock=ServiceClock(lambda: NOW), random=lambda: 1.0, mfa=None))
    assert world.steps == []
    named = resolve_settings({"AWS_PROFILE": "ops"}, {"ops": {"region": "us-east-2"}}, notes)
    found = world.play(chain.find(named, clock=ServiceClock(lambda: NOW), random=lambda: 1.0, mfa=None))
    assert found.access_key_id == "ASIABOX"


def test_off_the_cloud_the_reason_names_the_address() -> None:
    """Where no metadata service answers, the text says where one was sought."""
    with pytest.raises(CredentialsError, match=r"not on an EC2 instance.*http://169\.254\.169\.254: ConnectError"):
        find({}, world=World())


def test_what_a_source_gives_is_looked_at() -> None:
    """Keys with a stray character are refused under the name of their source, whichever it is."""
    with pytest.raises(CredentialsError, match=r"secret access key \(environment variables\)") as caught:
        find({**ENVIRONMENT, "AWS_SECRET_ACCESS_KEY": "of the shell"})
    assert "of the shell" not in str(caught.value)


def test_the_profile_gets_somebody_to_ask() -> None:
    """The callback for codes reaches the profile that wants one."""
    role = "role_arn = arn:aws:iam::1:role/r\nsource_profile = default\nmfa_serial = me\n"
    asked: list[str] = []

    def ask(serial: str) -> str:
        asked.append(serial)
        return "123456"

    assert find({}, PROFILE + role, mfa=ask).access_key_id == "ASIAPOD"
    assert asked == ["me"]


PROBE = """
import json, os, sys
opened, sockets = [], []
def note(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        opened.append(os.fsdecode(arguments[0]))
    elif event.startswith("socket."):
        sockets.append(event)
from awskms_lite import KMSClient
with KMSClient(environ=dict(ENVIRON)) as warm:  # so that what is imported and compiled is no part of the count
    warm.resolve_credentials()
loaded = sorted(sys.modules)
sys.addaudithook(note)
with KMSClient(environ=dict(ENVIRON)) as client:
    found = client.resolve_credentials()
print(json.dumps({"modules": loaded, "opened": opened, "sockets": sockets, "source": found.source}))
"""


def probe(environ: Mapping[str, str]) -> dict[str, Any]:
    """Resolve credentials in a process of its own; return what it imported, opened and connected."""
    code = PROBE.replace("ENVIRON", repr(dict(environ)))
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def sources(modules: list[str]) -> set[str]:
    return {name.rpartition(".")[2] for name in modules if re.match(r"awskms_lite\.(credentials\.|sts)", name)}


class TestCost:
    """What nobody asked for is not paid for."""

    def test_keys_of_the_environment_load_and_open_nothing_else(self, tmp_path: Path) -> None:
        """No other source, no STS, no XML; the two shared files are all that is opened, and no socket is made."""
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "config").write_text("[default]\nregion = eu-west-1\n")
        (tmp_path / ".aws" / "credentials").write_text("[default]\n" + PROFILE)
        seen = probe({**ENVIRONMENT, "HOME": str(tmp_path)})
        assert seen["source"] == "environment variables"
        assert sources(seen["modules"]) == {"chain", "cache", "source", "environment"}
        assert not {name for name in seen["modules"] if name.partition(".")[0] in ("xml", "shlex")}
        assert seen["opened"] == [str(tmp_path / ".aws" / "config"), str(tmp_path / ".aws" / "credentials")]
        assert seen["sockets"] == []

    def test_keys_of_a_profile_load_the_profile_alone(self, tmp_path: Path) -> None:
        """Static keys in a profile need none of what other profiles may need."""
        (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n" + PROFILE)
        seen = probe({"AWS_CONFIG_FILE": str(tmp_path / "config"), "HOME": str(tmp_path)})
        assert seen["source"] == "profile default"
        assert sources(seen["modules"]) == {"chain", "cache", "source", "environment", "profile"}
        assert "xml.etree" not in seen["modules"]
