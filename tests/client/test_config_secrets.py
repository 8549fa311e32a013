"""A secret below any property that is read: it has become part of the value, and no text shows it."""

import asyncio
import io
import logging
import os
import string
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
from hypothesis import given, settings, strategies as st
from support.shown import shown_by

from awskms_lite import AsyncKMSClient, KMSClient, KMSLiteError
from awskms_lite.cli import main
from awskms_lite.config import Kind
from awskms_lite.reference import READ, READ_OF_PROFILES

pytestmark = pytest.mark.no_cover  # goes over lines again and again that other tests cover

NOBODY = "http://127.0.0.1:1"  # none of these has got as far as to ask there
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = {"role_arn": "arn:aws:iam::111122223333:role/r", "source_profile": "base"}
SSO = {
    "sso_region": "us-east-2",
    "sso_account_id": "1",
    "sso_role_name": "r",
    "sso_start_url": "https://x.example",
}
KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s"}
BASE = "[profile base]\naws_access_key_id = AKIA\naws_secret_access_key = s\n"

# Each property with those that have to stand beside it, so that it is read at all.
PROPERTIES: dict[str, Mapping[str, str]] = {
    "region": {},
    "endpoint_url": {},
    "services": {},
    "ignore_configured_endpoint_urls": {},
    "use_fips_endpoint": {},
    "use_dualstack_endpoint": {},
    "ca_bundle": {},
    "retry_mode": {},
    "max_attempts": {},
    "sdk_ua_app_id": {},
    "role_arn": ROLE,
    "source_profile": ROLE,
    "credential_source": {"role_arn": ROLE["role_arn"]},
    "external_id": ROLE,
    "mfa_serial": ROLE,
    "duration_seconds": ROLE,
    "role_session_name": ROLE,
    "web_identity_token_file": {"role_arn": ROLE["role_arn"]},
    "sso_session": SSO,
    **dict.fromkeys(SSO, SSO),
    "aws_access_key_id": KEYS,
    "aws_secret_access_key": KEYS,
    "aws_session_token": KEYS,
    "aws_security_token": KEYS,
    "aws_account_id": KEYS,
    "login_session": {},
    "credential_process": {},
    "ec2_metadata_service_endpoint": {},
    "ec2_metadata_service_endpoint_mode": {},
    "metadata_service_timeout": {},
    "metadata_service_num_attempts": {},
}
MOVED = ("endpoint_url", "services", "ignore_configured_endpoint_urls")  # read where no variable names an endpoint
SECRETS = st.text(string.ascii_letters + string.digits + "/+=", min_size=20, max_size=40)
INDENTS = st.sampled_from([" ", "  ", "\t", "    aws_secret_access_key = ", "\taws_session_token="])


class Surroundings(NamedTuple):
    """An environment whose files hold the secret, and where in them."""

    environ: dict[str, str]
    line: str


def test_every_property_is_tried() -> None:
    """The table has each property that is read, and no other."""
    assert PROPERTIES.keys() == {*filter(None, READ.values()), *READ_OF_PROFILES}


@contextmanager
def surroundings(name: str, kind: Kind, below: str) -> Iterator[Surroundings]:
    """Write a profile whose property has something below it."""
    section = f"profile {name}" if kind == "config" else name
    beside = {key: value for key, value in PROPERTIES[name].items() if key != name}
    value = PROPERTIES[name].get(name, "value")
    lines = [f"[{section}]", *(f"{key} = {text}" for key, text in beside.items()), f"{name} = {value}", below]
    with tempfile.TemporaryDirectory() as directory:
        files = {each: Path(directory, each) for each in ("config", "credentials")}
        files["config"].write_text(BASE)
        files[kind].write_text("\n".join(lines) + "\n" + (BASE if kind == "config" else ""))
        environ = {
            "HOME": directory,
            "AWS_CONFIG_FILE": str(files["config"]),
            "AWS_SHARED_CREDENTIALS_FILE": str(files["credentials"]),
            "AWS_MAX_ATTEMPTS": "" if name == "max_attempts" else "1",
            "AWS_REGION": "" if name == "region" else "us-east-2",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "" if name == "ec2_metadata_service_endpoint" else NOBODY,
            **({} if name in MOVED else {"AWS_ENDPOINT_URL": NOBODY}),
        }
        yield Surroundings(environ, f"{files[kind]}, line {len(lines) - 1}: {name} goes over several lines")


def by_the_client(environ: dict[str, str], profile: str | None) -> str:
    with pytest.raises(KMSLiteError) as caught, KMSClient(environ=environ, profile=profile) as client:
        client.get_key_last_usage(KEY)
    return shown_by(caught.value)


def by_the_async_client(environ: dict[str, str], profile: str | None) -> str:
    async def ask() -> None:
        async with AsyncKMSClient(environ=environ, profile=profile) as client:
            await client.get_key_last_usage(KEY)

    with pytest.raises(KMSLiteError) as caught:
        asyncio.run(ask())
    return shown_by(caught.value)


def by_the_command(environ: dict[str, str], profile: str, *arguments: str) -> str:
    """Run a command in this process; return what it says on both streams."""
    out, err = io.StringIO(), io.StringIO()
    with mock.patch.dict(os.environ, environ), redirect_stdout(out), redirect_stderr(err):
        assert main([*arguments, "--profile", profile]) == 2
    return out.getvalue() + err.getvalue()


@pytest.mark.parametrize("kind", ["config", "credentials"])
@pytest.mark.parametrize("name", PROPERTIES)
@settings(max_examples=2)
@given(secret=SECRETS, indent=INDENTS)
def test_no_text_shows_what_stands_below_a_property(name: str, kind: Kind, secret: str, indent: str) -> None:
    """Both clients and every command name file, line and property, and neither they nor the logs the value."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with surroundings(name, kind, f"{indent}{secret}") as (environ, line):
            texts = {
                "client": by_the_client(environ, name),
                "async client": by_the_async_client(environ, name),
                "doctor": by_the_command(environ, name, "doctor"),
                "usage": by_the_command(environ, name, "usage", KEY),
                "audit": by_the_command(environ, name, "audit"),
            }
    finally:
        logging.getLogger().removeHandler(handler)
    assert {where: line in text for where, text in texts.items()} == dict.fromkeys(texts, True)
    assert not any(secret in text for text in (*texts.values(), log.getvalue()))


@pytest.mark.outward  # what is left of some profiles makes calls, to nobody
@pytest.mark.parametrize("name", PROPERTIES)
def test_what_is_nested_below_a_property_is_no_value(name: str) -> None:
    """Below an empty value the secret is a sub-property, which makes the property a missing one."""
    with surroundings(name, "config", "") as (environ, _):
        path = Path(environ["AWS_CONFIG_FILE"])
        text = path.read_text().replace(f"{name} = ", f"{name} =\n  hidden-name = hidden-value # ")
        path.write_text(text)
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.dict(os.environ, environ), redirect_stdout(out), redirect_stderr(err):
            assert main(["doctor", "--profile", name]) in (1, 2)
        assert "hidden" not in out.getvalue() + err.getvalue()


VARIABLES = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE"),
    *(
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CA_BUNDLE",
        "AWS_SDK_UA_APP_ID",
        "AWS_ENDPOINT_URL_KMS",
        "AWS_ENDPOINT_URL",
    ),
    *(
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_RETRY_MODE",
    ),
    *("AWS_MAX_ATTEMPTS", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME"),
)
OF_METADATA = (
    *("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
    *("AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS"),
)


@pytest.mark.parametrize("name", [*VARIABLES, *OF_METADATA])
def test_no_text_shows_what_stands_below_a_variable(name: str, tmp_path: Path) -> None:
    """A shell puts several lines into a variable as easily: both clients refuse it by its name."""
    (tmp_path / "token").write_text("a.jwt")
    environ = {"AWS_REGION": "us-east-2", "AWS_EC2_METADATA_SERVICE_ENDPOINT": NOBODY}
    if name not in OF_METADATA:
        environ |= {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ROLE_ARN": ROLE["role_arn"]}
    if name == "AWS_DEFAULT_REGION":
        del environ["AWS_REGION"]
    environ[name] = "value\naws_secret_access_key = hidden"
    for told in (by_the_client(environ, None), by_the_async_client(environ, None)):
        assert f"{name} holds several lines: set it to one" in told
        assert "hidden" not in told
