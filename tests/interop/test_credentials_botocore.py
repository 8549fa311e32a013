"""Our search for credentials beside botocore's: the same files, variables and servers, and the same outcome.

One server on loopback plays instance metadata, the container endpoint, STS, the portal and the token service.
What it gives out says what it was asked: an access key id `TOP.MIDDLE.BASE` is the role TOP, asked for with the
keys of MIDDLE, a role that was asked for with BASE; the session token repeats the rest of the question. So two
that find the same credentials have also asked the same.

`AGREED` has the environments where both find the same or nothing; `DIFFERENT` those where we mean to differ, with
what each of the two finds, and why.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio
import anyio.lowlevel
import botocore.credentials
import botocore.session
import botocore.tokens
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from awskms_lite import AsyncKMSClient, Credentials, KMSClient
from awskms_lite.errors import ConfigurationError, CredentialsError

LOADER = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
THEIR_FAILURES = (BotoCoreError, ClientError, KeyError, OSError, RuntimeError, ValueError)
LATER, EARLIER = "2099-01-02T03:04:05Z", "2001-02-03T04:05:06Z"
CODE = "123456"
ROLES = "/latest/meta-data/iam/security-credentials/"
ACCOUNT = "111122223333"

POD = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/POD"}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}
READER = f"sso_account_id = {ACCOUNT}\nsso_role_name = reader\n"
PORTAL = "sso_start_url = https://portal\nsso_region = eu-west-1\n"
SESSION = f"sso_session = work\n{READER}[sso-session work]\n{PORTAL}"
NONE: Mapping[str, Any] = MappingProxyType({})

Answer = tuple[int, str]
Answers = Mapping[str, list[Answer]]


class Found(NamedTuple):
    """What a search came to; the expiry and the account only where there is one."""

    access_key: str
    secret_key: str
    token: str | None
    expires_at: datetime | None
    account_id: str | None


class Case(NamedTuple):
    """An environment, and what is found in it: an access key id, or None for a failure.

    `config`, `credentials`, `printed` (what a program prints) and `token` (the file of a token) are files;
    `logins` are those of IAM Identity Center and `aws login`, by session or start URL. A variable that is None is
    taken out. `answers` are those of the server, in order and the last for good. `told` is the session token.
    """

    name: str
    finds: str | None
    environ: Mapping[str, str | None] = NONE
    profile: str | None = None
    config: str = ""
    credentials: str = ""
    printed: str = ""
    token: str = ""
    logins: Mapping[str, Mapping[str, Any]] = NONE
    answers: Answers = NONE
    told: str | None = None


class Difference(NamedTuple):
    """An environment where the two differ: what they find, an access key id or None, and why that is meant."""

    case: Case
    theirs: str | None
    why: str


def keys(name: str, **changes: object) -> str:
    """Return the JSON of credentials as instances, containers and programs give it; None takes a member out."""
    members = {
        "Code": "Success",
        "Version": 1,
        "AccessKeyId": name,
        "SecretAccessKey": f"secret-of-{name}",
        "Token": f"token-of-{name}",
        "SessionToken": f"token-of-{name}",
        "Expiration": LATER,
        **changes,
    }
    return json.dumps({member: value for member, value in members.items() if value is not None})


def instance(name: str = "INSTANCE", **changes: object) -> Answers:
    """Return the answers of an instance that has a role."""
    return {
        "PUT /latest/api/token": [(200, "session")],
        f"GET {ROLES}": [(200, "the-role")],
        f"GET {ROLES}the-role": [(200, keys(name, **changes))],
    }


def static(name: str) -> str:
    """Return the properties of a pair of keys."""
    return f"aws_access_key_id = {name}\naws_secret_access_key = secret-of-{name}\n"


def variables(name: str, **more: str) -> dict[str, str | None]:
    """Return the variables of a pair of keys."""
    return {"AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": f"secret-of-{name}", **more}


def role(name: str) -> str:
    return f"role_arn = arn:aws:iam::{ACCOUNT}:role/{name}\n"


TOP = role("TOP") + "source_profile = b\n"
BASE = f"[profile b]\n{static('BASE')}"


def login(token: str, expires: str, **more: str) -> dict[str, str]:
    """Return what `aws sso login` leaves."""
    return {"accessToken": token, "expiresAt": expires, **more}


def console(name: str, expires: str) -> dict[str, Any]:
    """Return what `aws login` leaves."""
    token = {
        "accessKeyId": name,
        "secretAccessKey": f"secret-of-{name}",
        "sessionToken": f"token-of-{name}",
        "accountId": ACCOUNT,
        "expiresAt": expires,
    }
    return {"accessToken": token, "refreshToken": "again", "clientId": "cli", "dpopKey": "AAAA"}


def sts_answer(form: Mapping[str, str], authorization: str) -> str:
    """Return the keys of the role that was asked for, named after the role and the caller."""
    scope = re.search(r"Credential=([^/]+)/[0-9]+/([^/]+)/sts/", authorization)
    name = f"{form['RoleArn'].rpartition('/')[2]}.{scope[1] if scope else 'nobody'}"
    told = {key: text for key, text in form.items() if key not in ("Action", "Version", "RoleArn")}
    if scope is not None and scope[2] != "us-east-2":
        told["SigningRegion"] = scope[2]
    if re.fullmatch(r"(botocore-session|awskms-lite)-[0-9]+", told["RoleSessionName"]):
        del told["RoleSessionName"]
    result = f"{form['Action']}Result"
    return (
        f'<{form["Action"]}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{result}><AssumedRoleUser>'
        f"<AssumedRoleId>AROA:me</AssumedRoleId><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/me</Arn></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{name}</AccessKeyId><SecretAccessKey>secret-of-{name}</SecretAccessKey>"
        f"<SessionToken>{urlencode(sorted(told.items())).replace('&', ';') or 'nothing'}</SessionToken>"
        f"<Expiration>{LATER}</Expiration></Credentials></{result}></{form['Action']}Response>"
    )


def portal_answer(query: Mapping[str, str], shown: str) -> str:
    name = f"{query['role_name']}.{query['account_id']}"
    expiration = int(datetime.fromisoformat(LATER).timestamp()) * 1000
    found = {"accessKeyId": name, "secretAccessKey": f"secret-of-{name}", "sessionToken": f"shown-{shown}"}
    return json.dumps({"roleCredentials": {**found, "expiration": expiration}})


class Site(ThreadingHTTPServer):
    """The server. What it was told to answer goes before what it answers by itself."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.play({})

    def play(self, answers: Answers) -> None:
        """Take up a new part, from its beginning."""
        self.told = {page: list(script) for page, script in answers.items()}
        status, token = answers.get("PUT /latest/api/token", [(404, "")])[0]
        self.session = token if status == 200 else None  # the first version of instance metadata has none

    def answer(self, page: str, query: Mapping[str, str], headers: Mapping[str, str], body: str) -> Answer:
        script = self.told.get(page)
        if page.startswith("GET /latest/") and headers.get("x-aws-ec2-metadata-token") != self.session:
            return 401, ""
        if script:
            return script.pop(0) if len(script) > 1 else script[0]
        match page:
            case "POST /sts":
                return 200, sts_answer(dict(parse_qsl(body)), headers.get("authorization", ""))
            case "GET /container":
                shown = headers.get("authorization", "nothing").replace(" ", "_")  # no token has a blank
                return 200, keys("CONTAINER", Token=f"shown-{shown}")
            case "GET /sso/federation/credentials":
                return 200, portal_answer(query, headers["x-amz-sso_bearer_token"])
            case "POST /oidc/token":
                asked: dict[str, str] = json.loads(body)
                token = f"renewed-with-{'-'.join(asked[name] for name in sorted(asked))}"
                return 200, json.dumps({"accessToken": token, "expiresIn": 28_800, "refreshToken": "next"})
        return 404, ""


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0"))).decode()
        page = f"{self.command} {url.path}"
        status, text = self.server.answer(page, dict(parse_qsl(url.query)), headers, body)
        self.send_response(status)
        self.send_header("Content-Type", "text/xml" if "/sts" in page else "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_PUT = do_GET  # noqa: N815 - the names that the standard library asks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class KeyOfNoUse:
    """Stands for the library with which botocore would renew a console session, and cannot."""

    @staticmethod
    def new_key_from_der_data(data: bytes) -> None:
        raise ValueError("no key")


AGREED = [
    # environment variables
    Case("variables", "ENV", variables("ENV")),
    Case("variables-token", "ENV", variables("ENV", AWS_SESSION_TOKEN="t/+="), told="t/+="),
    Case("variables-token-empty", "ENV", variables("ENV", AWS_SESSION_TOKEN="")),
    Case("variables-account", "ENV", variables("ENV", AWS_ACCOUNT_ID=ACCOUNT)),
    Case(
        "variables-empty",
        "BASE",
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        config=f"[default]\n{static('BASE')}",
    ),
    Case("variables-key-alone", None, {"AWS_ACCESS_KEY_ID": "ENV"}, config=f"[default]\n{static('BASE')}"),
    Case(
        "variables-before-named-profile",
        "ENV",
        variables("ENV", AWS_PROFILE="a"),
        config=f"[profile a]\n{static('A')}",
    ),
    Case("variables-after-given-profile", "A", variables("ENV"), "a", config=f"[profile a]\n{static('A')}"),
    Case("nothing", None),
    # static profiles
    Case("config", "BASE", config=f"[default]\n{static('BASE')}"),
    Case("credentials", "BASE", credentials=f"[default]\n{static('BASE')}"),
    Case("both-files", "CRED", config=f"[default]\n{static('CONF')}", credentials=f"[default]\n{static('CRED')}"),
    Case(
        "token-and-account",
        "BASE",
        credentials=f"[default]\n{static('BASE')}aws_session_token = t/+=\naws_account_id = {ACCOUNT}\n",
        told="t/+=",
    ),
    Case("upper-case-properties", "BASE", credentials=f"[default]\n{static('BASE').replace('aws', 'AWS')}"),
    Case("profile-default", "BASE", config=f"[profile default]\n{static('BASE')}"),
    Case("default-then-profile-default", "B", config=f"[default]\n{static('A')}[profile default]\n{static('B')}"),
    Case("half-a-pair", None, credentials="[default]\naws_access_key_id = A\n"),
    Case("named-profile", "A", {"AWS_PROFILE": "a"}, config=f"[default]\n{static('D')}[profile a]\n{static('A')}"),
    Case("named-in-credentials", "A", {"AWS_PROFILE": "a"}, credentials=f"[a]\n{static('A')}"),
    Case("unprefixed-in-config", None, {"AWS_PROFILE": "a"}, config=f"[a]\n{static('A')}"),
    Case("broken-file", None, variables("ENV"), config="[default\nregion = us-east-2\n"),
    Case("named-missing", None, {"AWS_PROFILE": "a"}, config=f"[default]\n{static('D')}"),
    Case("variables-old-token", "ENV", variables("ENV", AWS_SECURITY_TOKEN="t"), told="t"),
    Case("variables-expiry", "ENV", variables("ENV", AWS_CREDENTIAL_EXPIRATION=LATER)),
    Case("variables-expired", None, variables("ENV", AWS_CREDENTIAL_EXPIRATION=EARLIER)),
    Case(
        "old-profile-variable",
        "A",
        {"AWS_DEFAULT_PROFILE": "a"},
        config=f"[default]\n{static('D')}[profile a]\n{static('A')}",
    ),
    Case("quoted-name", "A", {"AWS_PROFILE": "a"}, config=f'[profile "a"]\n{static("A")}'),
    Case("quoted-blank", "A", {"AWS_PROFILE": "a b"}, config=f"[profile 'a b']\n{static('A')}"),
    Case("bare-blank", "A", {"AWS_PROFILE": "a b"}, credentials=f"[a b]\n{static('A')}"),
    Case("given-missing", None, profile="a", config=f"[default]\n{static('D')}"),
    Case(
        "given-before-named",
        "B",
        {"AWS_PROFILE": "a"},
        "b",
        config=f"[profile a]\n{static('A')}[profile b]\n{static('B')}",
    ),
    Case(
        "files-elsewhere",
        "MOVED",
        {"AWS_CONFIG_FILE": "~/.aws/none", "AWS_SHARED_CREDENTIALS_FILE": "~/printed"},
        config=f"[default]\n{static('D')}",
        printed=f"[default]\n{static('MOVED')}",
    ),
    # roles of a profile
    Case("role", "TOP.BASE", config=f"[default]\n{TOP}{BASE}"),
    Case(
        "role-chain",
        "TOP.MIDDLE.BASE",
        profile="a",
        config=f"[profile a]\n{TOP}[profile b]\n{role('MIDDLE')}source_profile = c\n",
        credentials=f"[c]\n{static('BASE')}",
    ),
    Case(
        "role-in-credentials",
        "TOP.BASE",
        credentials=f"[default]\n{TOP}[b]\n{static('BASE')}",
    ),
    Case(
        "role-of-itself", "TOP.BASE", config=f"[default]\n{role('TOP')}{static('BASE')}source_profile = default\n"
    ),
    Case(
        "role-source-with-keys-and-role",
        "TOP.BASE",
        config=f"[default]\n{TOP}[profile b]\n{role('MIDDLE')}{static('BASE')}source_profile = default\n",
    ),
    Case(
        "role-before-own-keys",
        "TOP.BASE",
        config=f"[default]\n{static('OWN')}{TOP}{BASE}",
    ),
    Case(
        "role-details",
        "TOP.BASE",
        config=f"[default]\n{TOP}external_id = x+y/z=\nrole_session_name = audit@home\n"
        f"duration_seconds = 1800\n{BASE}",
        told="DurationSeconds=1800;ExternalId=x%2By%2Fz%3D;RoleSessionName=audit%40home",
    ),
    Case(
        "role-mfa",
        "TOP.BASE",
        config=f"[default]\n{TOP}mfa_serial = arn:aws:iam::1:mfa/me\n{BASE}",
        told="SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fme;TokenCode=123456",
    ),
    Case(
        "role-from-environment",
        "TOP.ENV",
        variables("ENV"),
        "a",
        config=f"[profile a]\n{role('TOP')}credential_source = Environment\n",
    ),
    Case(
        "role-region-of-profile",
        "TOP.BASE",
        {"AWS_DEFAULT_REGION": None},
        config=f"[default]\nregion = eu-west-1\n{TOP}{BASE}region = eu-west-2\n",
        told="SigningRegion=eu-west-1",
    ),
    Case(
        "role-endpoint-for-all",
        "TOP.BASE",
        {"AWS_ENDPOINT_URL_STS": None, "AWS_ENDPOINT_URL": "{url}/sts"},
        config=f"[default]\n{TOP}{BASE}",
    ),
    Case(
        "role-endpoint-of-services",
        "TOP.BASE",
        {"AWS_ENDPOINT_URL_STS": None},
        config=f"[default]\nservices = mine\n{TOP}{BASE}[services mine]\nsts =\n  endpoint_url = {{url}}/sts\n",
    ),
    Case(
        "role-endpoint-of-profile",
        "TOP.BASE",
        {"AWS_ENDPOINT_URL_STS": None},
        config=f"[default]\nendpoint_url = {{url}}/sts\n{TOP}{BASE}",
    ),
    Case(
        "role-endpoint-of-missing-services",
        None,
        {"AWS_ENDPOINT_URL_STS": None},
        config=f"[default]\nservices = mine\nendpoint_url = {{url}}/sts\n{TOP}{BASE}",
    ),
    Case("role-from-empty-environment", None, config=f"[default]\n{role('TOP')}credential_source = Environment\n"),
    Case(
        "role-from-container",
        "TOP.CONTAINER",
        CONTAINER,
        config=f"[default]\n{role('TOP')}credential_source = EcsContainer\n",
    ),
    Case(
        "role-from-instance",
        "TOP.INSTANCE",
        config=f"[default]\n{role('TOP')}credential_source = Ec2InstanceMetadata\n",
        answers=instance(),
    ),
    Case(
        "role-from-missing-instance",
        None,
        config=f"[default]\n{role('TOP')}credential_source = Ec2InstanceMetadata\n",
    ),
    Case(
        "role-from-lower-case",
        None,
        variables("ENV"),
        "a",
        config=f"[profile a]\n{role('T')}credential_source = environment\n",
    ),
    Case(
        "role-from-unknown",
        None,
        variables("ENV"),
        "a",
        config=f"[profile a]\n{role('T')}credential_source = Moon\n",
    ),
    Case(
        "role-from-process",
        "TOP.PRINTED",
        config=f"[default]\n{TOP}[profile b]\ncredential_process = cat {{home}}/printed\n",
        printed=keys("PRINTED"),
    ),
    Case(
        "role-from-sso",
        f"TOP.reader.{ACCOUNT}",
        config=f"[default]\n{role('TOP')}source_profile = s\n[profile s]\n{PORTAL}{READER}",
        logins={"https://portal": login("TOKEN", LATER)},
    ),
    Case(
        "role-from-web-identity",
        "TOP.POD.nobody",
        config=f"[default]\n{role('TOP')}source_profile = w\n"
        f"[profile w]\n{role('POD')}web_identity_token_file = {{home}}/token\n",
        token="web.token",
    ),
    Case(
        "role-duration-too-short",
        None,
        config=f"[default]\n{TOP}duration_seconds = 899\n{BASE}",
    ),
    Case(
        "role-loop",
        None,
        config=f"[default]\n{role('T')}source_profile = b\n[profile b]\n{role('M')}source_profile = default\n",
    ),
    Case("role-of-itself-without-keys", None, config=f"[default]\n{role('TOP')}source_profile = default\n"),
    Case("role-source-missing", None, config=f"[default]\n{TOP}"),
    Case(
        "role-source-without-keys",
        None,
        config=f"[default]\n{TOP}[profile b]\nregion = x\n",
    ),
    Case(
        "role-with-both-sources",
        None,
        variables("ENV"),
        "a",
        config=f"[profile a]\n{TOP}credential_source = Environment\n{BASE}",
    ),
    Case("role-with-no-source", None, config=f"[default]\n{role('TOP')}{static('BASE')}"),
    Case(
        "role-refused",
        None,
        config=f"[default]\n{TOP}{BASE}",
        answers={"POST /sts": [(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")]},
    ),
    # web identity
    Case(
        "web-identity",
        "POD.nobody",
        POD,
        token="web.token",
        told="WebIdentityToken=web.token",
    ),
    Case(
        "web-identity-named",
        "POD.nobody",
        {
            **POD,
            "AWS_ROLE_SESSION_NAME": "pod-1",
        },
        token="web.token",
        told="RoleSessionName=pod-1;WebIdentityToken=web.token",
    ),
    Case("web-identity-without-role", None, {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token"}, token="web.token"),
    Case(
        "web-identity-without-file",
        None,
        POD,
    ),
    Case(
        "web-identity-without-variable",
        None,
        {"AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/POD"},
        token="web.token",
    ),
    Case(
        "web-identity-refused",
        None,
        POD,
        token="web.token",
        answers={"POST /sts": [(400, "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>")]},
    ),
    Case(
        "web-identity-of-profile",
        "POD.nobody",
        config=f"[default]\n{role('POD')}web_identity_token_file = {{home}}/token\nrole_session_name = pod-2\n",
        token="web.token",
        told="RoleSessionName=pod-2;WebIdentityToken=web.token",
    ),
    Case(
        "web-identity-of-profile-without-role",
        None,
        config="[default]\nweb_identity_token_file = {home}/token\n",
        token="t",
    ),
    Case(
        "web-identity-of-profile-without-file",
        None,
        config=f"[default]\n{role('P')}web_identity_token_file = {{home}}/no\n",
    ),
    Case(
        "web-identity-after-given-profile",
        "A",
        POD,
        "a",
        config=f"[profile a]\n{static('A')}",
        token="web.token",
    ),
    # containers
    Case("container", "CONTAINER", CONTAINER, told="shown-nothing"),
    Case(
        "container-token",
        "CONTAINER",
        {
            **CONTAINER,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abc=",
        },
        told="shown-Basic_abc=",
    ),
    Case(
        "container-token-file",
        "CONTAINER",
        {
            **CONTAINER,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/token",
        },
        token="file.token",
        told="shown-file.token",
    ),
    Case(
        "container-token-file-with-line-end",
        None,
        {
            **CONTAINER,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/token",
        },
        token="file.token\n",
    ),
    Case(
        "container-token-file-missing",
        None,
        {
            **CONTAINER,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/token",
        },
    ),
    Case(
        "container-not-json",
        None,
        CONTAINER,
        answers={"GET /container": [(200, "{")]},
    ),
    Case(
        "container-lacks-secret",
        None,
        CONTAINER,
        answers={"GET /container": [(200, keys("CONTAINER", SecretAccessKey=None))]},
    ),
    Case("container-404", None, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/nowhere"}),
    Case(
        "container-500-then-200",
        "CONTAINER",
        CONTAINER,
        answers={"GET /container": [(500, ""), (200, keys("CONTAINER", AccountId=ACCOUNT))]},
    ),
    Case(
        "container-expired",
        None,
        CONTAINER,
        answers={"GET /container": [(200, keys("CONTAINER", Expiration=EARLIER))]},
    ),
    Case("container-foreign-host", None, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/container"}),
    Case("container-other-scheme", None, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "ftp://192.0.2.1/container"}),
    Case(
        "container-after-profile",
        "BASE",
        CONTAINER,
        config=f"[default]\n{static('BASE')}",
    ),
    Case(
        "container-before-instance",
        "CONTAINER",
        CONTAINER,
        answers=instance(),
    ),
    # instances
    Case("instance", "INSTANCE", answers=instance(), told="token-of-INSTANCE"),
    Case("instance-without-role", None, answers={**instance(), f"GET {ROLES}": [(404, "")]}),
    Case("instance-role-empty", None, answers={**instance(), f"GET {ROLES}": [(200, "")]}),
    Case("instance-role-gone", None, answers={**instance(), f"GET {ROLES}the-role": [(404, "")]}),
    Case("instance-disabled", None, {"AWS_EC2_METADATA_DISABLED": "TRUE"}, answers=instance()),
    Case("instance-not-disabled", "INSTANCE", {"AWS_EC2_METADATA_DISABLED": "false"}, answers=instance()),
    Case("instance-unreachable", None, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"}),
    Case(
        "instance-endpoint-before-mode",
        "INSTANCE",
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"},
        answers=instance(),
    ),
    Case("instance-mode-unknown", None, {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv5"}, answers=instance()),
    Case(
        "instance-endpoint-of-profile",
        "INSTANCE",
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT": None},
        config="[default]\nec2_metadata_service_endpoint = {url}\nec2_metadata_service_endpoint_mode = ipv6\n",
        answers=instance(),
    ),
    Case(
        "instance-endpoint-of-variable-first",
        "INSTANCE",
        config="[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1\n",
        answers=instance(),
    ),
    Case(
        "instance-refused",
        None,
        answers={
            **instance(),
            f"GET {ROLES}the-role": [(200, '{"Code": "AssumeRoleUnauthorizedAccess", "Message": "no"}')],
        },
    ),
    Case("instance-out-of-order", None, answers={**instance(), f"GET {ROLES}": [(500, "")]}),
    Case("instance-not-json", None, answers={**instance(), f"GET {ROLES}the-role": [(200, "<html>")]}),
    Case("instance-token-refused", None, answers={**instance(), "PUT /latest/api/token": [(400, "")]}),
    Case("instance-after-variables", "ENV", variables("ENV"), answers=instance()),
    # IAM Identity Center
    *(
        Case(f"sso-{name}", finds, config=config, logins=logins, answers=answers, told=told)
        for config_name, config, key in [
            ("older", f"[default]\n{PORTAL}{READER}", "https://portal"),
            ("session", f"[default]\n{SESSION}", "work"),
        ]
        for name, finds, logins, answers, told in [
            (config_name, f"reader.{ACCOUNT}", {key: login("TOKEN", LATER)}, {}, "shown-TOKEN"),
            (
                f"{config_name}-utc",
                f"reader.{ACCOUNT}",
                {key: login("T", LATER.replace("Z", "UTC"))},
                {},
                None,
            ),
            (f"{config_name}-expired", None, {key: login("TOKEN", EARLIER)}, {}, None),
            (f"{config_name}-logged-out", None, {}, {}, None),
            (f"{config_name}-without-token", None, {key: {"expiresAt": LATER}}, {}, None),
            (
                f"{config_name}-refused",
                None,
                {key: login("TOKEN", LATER)},
                {"GET /sso/federation/credentials": [(401, '{"message": "no"}')]},
                None,
            ),
            (
                f"{config_name}-forbidden",
                None,
                {key: login("TOKEN", LATER)},
                {"GET /sso/federation/credentials": [(403, '{"message": "no"}')]},
                None,
            ),
        ]
    ),
    *(
        Case(
            f"sso-session-{name}",
            finds,
            config=f"[default]\n{SESSION}",
            logins={
                "work": login(
                    "TOKEN",
                    EARLIER,
                    refreshToken="again",
                    clientId="me",
                    clientSecret="pw",
                    registrationExpiresAt=registration,
                )
            },
            answers=answers,
            told=told,
        )
        for name, finds, registration, answers, told in [
            ("renewed", f"reader.{ACCOUNT}", LATER, {}, "shown-renewed-with-me-pw-refresh_token-again"),
            ("registration-expired", None, EARLIER, {}, None),
            ("not-renewed", None, LATER, {"POST /oidc/token": [(400, '{"error": "invalid_grant"}')]}, None),
        ]
    ),
    Case(
        "sso-session-missing",
        None,
        config=f"[default]\nsso_session = work\n{READER}",
        logins={"work": login("TOKEN", LATER)},
    ),
    Case(
        "sso-session-at-odds",
        None,
        config=f"[default]\nsso_region = eu-west-2\n{SESSION}",
        logins={"work": login("TOKEN", LATER)},
    ),
    Case(
        "sso-lacks-role",
        None,
        config=f"[default]\n{PORTAL}sso_account_id = {ACCOUNT}\n",
        logins={"https://portal": login("TOKEN", LATER)},
    ),
    Case(
        "sso-before-keys",
        f"reader.{ACCOUNT}",
        config=f"[default]\n{PORTAL}{READER}{static('BASE')}",
        logins={"https://portal": login("TOKEN", LATER)},
    ),
    # aws login
    Case(
        "login",
        "CONSOLE",
        config="[default]\nlogin_session = arn:me\n",
        logins={"arn:me": console("CONSOLE", LATER)},
    ),
    Case(
        "login-expired",
        None,
        config="[default]\nlogin_session = arn:me\n",
        logins={"arn:me": console("CONSOLE", EARLIER)},
    ),
    Case("login-missing", None, config="[default]\nlogin_session = arn:me\n"),
    Case(
        "login-elsewhere",
        None,
        {"AWS_LOGIN_CACHE_DIRECTORY": "{home}/elsewhere"},
        config="[default]\nlogin_session = arn:me\n",
        logins={"arn:me": console("CONSOLE", LATER)},
    ),
    Case(
        "login-below-home",
        "CONSOLE",
        {"AWS_LOGIN_CACHE_DIRECTORY": "~/.aws/login/cache"},
        config="[default]\nlogin_session = arn:me\n",
        logins={"arn:me": console("CONSOLE", LATER)},
    ),
    # programs
    *(
        Case(f"process-{name}", finds, config=f"[default]\ncredential_process = {command}\n", printed=printed)
        for name, finds, command, printed in [
            ("plain", "PRINTED", "cat {home}/printed", keys("PRINTED", SessionToken=None, Expiration=None)),
            ("token", "PRINTED", 'cat "{home}/printed"', keys("PRINTED")),
            ("account", "PRINTED", "cat {home}/printed\naws_account_id = 1", keys("PRINTED", AccountId=ACCOUNT)),
            (
                "account-of-profile",
                "PRINTED",
                "cat {home}/printed\naws_account_id = 444455556666",
                keys("PRINTED"),
            ),
            ("fails", None, "cat {home}/missing", ""),
            ("missing", None, "{home}/no-program", ""),
            ("silent", None, "true", ""),
            ("banner", None, "cat {home}/printed", f"Welcome!\n{keys('PRINTED')}"),
            ("other-version", None, "cat {home}/printed", keys("PRINTED", Version=2)),
            ("no-version", None, "cat {home}/printed", keys("PRINTED", Version=None)),
            ("version-as-text", None, "cat {home}/printed", keys("PRINTED", Version="1")),
            ("no-secret", None, "cat {home}/printed", keys("PRINTED", SecretAccessKey=None)),
            ("expired", None, "cat {home}/printed", keys("PRINTED", Expiration=EARLIER)),
            ("no-shell", None, "cat {home}/printed | cat", keys("PRINTED")),
        ]
    ),
    Case(
        "process-after-keys",
        "BASE",
        config="[default]\ncredential_process = cat {home}/printed\n",
        credentials=f"[default]\n{static('BASE')}",
        printed=keys("PRINTED"),
    ),
]

DIFFERENT = [
    Difference(
        Case(
            "variables-blank",
            "BASE",
            {"AWS_ACCESS_KEY_ID": "  ", "AWS_SECRET_ACCESS_KEY": "  "},
            config=f"[default]\n{static('BASE')}",
        ),
        "  ",
        "a variable of blanks is a missing one here; botocore signs with the blanks",
    ),
    Difference(
        Case("variables-token-blank", "ENV", variables("ENV", AWS_SESSION_TOKEN=" ")),
        "ENV",
        "a token of blanks is a missing one here; botocore shows it",
    ),
    Difference(
        Case(
            "variables-secret-alone", None, {"AWS_SECRET_ACCESS_KEY": "s"}, config=f"[default]\n{static('BASE')}"
        ),
        "BASE",
        "half a pair is a mistake here, whichever half; botocore minds only a key without a secret",
    ),
    Difference(
        Case(
            "variables-two-tokens",
            "ENV",
            variables("ENV", AWS_SESSION_TOKEN="new", AWS_SECURITY_TOKEN="old"),
            told="new",
        ),
        "ENV",
        "AWS_SESSION_TOKEN is what all AWS SDKs read, and goes before the older name; in botocore it goes behind",
    ),
    Difference(
        Case(
            "profile-two-tokens",
            "D",
            config=f"[default]\n{static('D')}aws_security_token = old\naws_session_token = new\n",
            told="new",
        ),
        "D",
        "the same, in a profile",
    ),
    Difference(
        Case(
            "two-profile-variables",
            "A",
            {"AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"},
            config=f"[profile a]\n{static('A')}[profile b]\n{static('B')}",
        ),
        "B",
        "AWS_PROFILE is what all AWS SDKs read, and goes before the older name; in botocore it goes behind",
    ),
    Difference(
        Case(
            "profile-default-then-default", "B", config=f"[profile default]\n{static('B')}[default]\n{static('A')}"
        ),
        "A",
        "[profile default] replaces [default] in whatever order; for botocore the later one wins",
    ),
    Difference(
        Case(
            "pair-over-both-files",
            "HALF",
            config="[default]\naws_secret_access_key = secret-of-HALF\n",
            credentials="[default]\naws_access_key_id = HALF\n",
        ),
        None,
        "both files are one here, property by property; botocore takes keys from one file alone",
    ),
    Difference(
        Case(
            "comment-behind-a-value",
            "BASE",
            config=f"[default]\n{static('BASE').replace('BASE', 'BASE # mine', 1)}",
        ),
        "BASE # mine",
        "a comment may stand behind a value; botocore takes it for a part of the value",
    ),
    Difference(
        Case("named-blank", "D", {"AWS_PROFILE": ""}, config=f"[default]\n{static('D')}"),
        None,
        "an empty variable is a missing one here; botocore looks for a profile without a name",
    ),
    Difference(
        Case(
            "role-named-by-variable",
            "TOP.BASE",
            {"AWS_ROLE_SESSION_NAME": "me"},
            config=f"[default]\n{TOP}{BASE}",
            told="RoleSessionName=me",
        ),
        "TOP.BASE",
        "AWS_ROLE_SESSION_NAME names every session of a role here; in botocore only those of a web identity",
    ),
    Difference(
        Case(
            "role-duration-no-number",
            None,
            config=f"[default]\n{TOP}duration_seconds = long\n{BASE}",
        ),
        "TOP.BASE",
        "a duration that is no number is a mistake here; botocore asks without one",
    ),
    Difference(
        Case(
            "role-duration-too-long",
            None,
            config=f"[default]\n{TOP}duration_seconds = 43201\n{BASE}",
        ),
        "TOP.BASE",
        "a duration that STS refuses is refused before it is sent; botocore minds only a short one",
    ),
    Difference(
        Case(
            "web-identity-beside-profile",
            "BASE",
            POD,
            config=f"[default]\n{static('BASE')}",
            token="web.token",
        ),
        "POD.nobody",
        "the profile goes before the variables of a web identity here; in botocore it comes after",
    ),
    Difference(
        Case(
            "web-identity-with-line-end",
            "POD.nobody",
            POD,
            token="web.token\n",
            told="WebIdentityToken=web.token",
        ),
        "POD.nobody",
        "what an editor leaves at the file's end is no part of the token here; botocore sends it",
    ),
    Difference(
        Case(
            "container-keys-that-last",
            "CONTAINER",
            CONTAINER,
            answers={"GET /container": [(200, keys("CONTAINER", Token=None, Expiration=None))]},
        ),
        None,
        "an endpoint may give out keys without an end here; botocore wants Token and Expiration",
    ),
    Difference(
        Case("instance-version-1", None, answers={**instance(), "PUT /latest/api/token": [(404, "")]}),
        "INSTANCE",
        "the first version of the metadata service, open to forged requests, is never asked here",
    ),
    Difference(
        Case(
            "instance-mode-unknown-and-unused",
            "ENV",
            variables("ENV", AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE="IPv5"),
        ),
        None,
        "a source that is never asked spoils nothing here; botocore sets all of them up first",
    ),
    Difference(
        Case("instance-refused-with-keys", None, answers=instance(Code="Failed")),
        "INSTANCE",
        "a Code other than Success is an error here, whatever is beside it; botocore looks for the keys alone",
    ),
    Difference(
        Case("instance-expired", "INSTANCE", answers=instance(Expiration=EARLIER)),
        "INSTANCE",
        "both go on with keys that have ended; botocore gives them a made-up end, here they keep their own",
    ),
    Difference(
        Case(
            "sso-session-soon-to-end",
            f"reader.{ACCOUNT}",
            config=f"[default]\n{SESSION}",
            logins={
                "work": login(
                    "TOKEN",
                    "{soon}",
                    refreshToken="again",
                    clientId="me",
                    clientSecret="p",
                    registrationExpiresAt=LATER,
                )
            },
            told="shown-TOKEN",
        ),
        f"reader.{ACCOUNT}",
        "a token is renewed from 5 minutes before its end here, in botocore from 15",
    ),
    Difference(
        Case("sso-traces", None, config=f"[default]\nsso_region = eu-west-1\n{static('BASE')}"),
        "BASE",
        "any property of IAM Identity Center means it here, and some of them are too few; botocore looks at two",
    ),
    Difference(
        Case(
            "process-beside-keys-in-config",
            "BASE",
            config=f"[default]\ncredential_process = cat {{home}}/printed\n{static('BASE')}",
            printed=keys("PRINTED"),
        ),
        "PRINTED",
        "keys go before a program here, whichever file has them; in botocore those of the config file come last",
    ),
]


def cache_files(name: str) -> tuple[str, str]:
    """Return where a login is kept: one to IAM Identity Center, and one of `aws login`."""
    sso, console = sha1(name.encode(), usedforsecurity=False), sha256(name.encode())
    return f".aws/sso/cache/{sso.hexdigest()}.json", f".aws/login/cache/{console.hexdigest()}.json"


def files(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the files of a case, by their paths in the home directory; an empty one is not there."""
    given = {".aws/config": case.config, ".aws/credentials": case.credentials, "token": case.token}
    yield from ((path, text) for path, text in {**given, "printed": case.printed}.items() if text)
    for name, cached in case.logins.items():
        yield from ((path, json.dumps(cached)) for path in cache_files(name))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture
def surround(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Case], None]:
    """Return what puts the process into the environment of a case; again, for one that changed it."""
    # botocore fixes the first two when it is imported, and would need a library of its own for the third
    for owner in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider):
        monkeypatch.setattr(owner, "_SSO_TOKEN_CACHE_DIR", str(tmp_path / ".aws/sso/cache"))
    monkeypatch.setattr(botocore.credentials, "EC", KeyOfNoUse)
    for path in cache_files("any"):
        (tmp_path / path).parent.mkdir(parents=True)

    def filled(text: str) -> str:
        soon = f"{datetime.now(UTC) + timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
        for name, value in [("{home}", str(tmp_path)), ("{url}", site.url), ("{soon}", soon)]:
            text = text.replace(name, value)
        return text

    def surround(case: Case) -> None:
        for path, text in files(case):
            (tmp_path / path).write_text(filled(text))
        environ = {
            "HOME": str(tmp_path),
            "AWS_DEFAULT_REGION": "us-east-2",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_ENDPOINT_URL_STS": f"{site.url}/sts",
            "AWS_ENDPOINT_URL_SSO": f"{site.url}/sso",
            "AWS_ENDPOINT_URL_SSO_OIDC": f"{site.url}/oidc",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": site.url,
            **case.environ,
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, filled(value or ""))
            if value is None:
                monkeypatch.delenv(name)
        site.play(case.answers)

    return surround


def botocore_session(profile: str | None = None) -> Any:
    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", LOADER)
    return session


def theirs(profile: str | None) -> Found | None:
    """Search with botocore, without its waits and its questions to the terminal."""
    try:
        session = botocore_session(profile)
        resolver = session.get_component("credential_provider")
        resolver.get_provider("container-role")._fetcher._sleep = lambda seconds: None
        resolver.get_provider("assume-role")._prompter = lambda prompt: CODE
        found = session.get_credentials()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
    except THEIR_FAILURES:
        return None
    end = getattr(found, "_expiry_time", None)
    return Found(
        frozen.access_key, frozen.secret_key, frozen.token or None, end and end.astimezone(UTC), frozen.account_id
    )


def ours(profile: str | None) -> Found | None:
    """Search with our synchronous client."""
    options: dict[str, Any] = {"profile": profile, "mfa": lambda serial: CODE, "random": lambda: 1.0}
    try:
        with KMSClient(sleep=lambda seconds: None, **options) as client:
            return shown(client.resolve_credentials())
    except (CredentialsError, ConfigurationError):
        return None


async def ours_async(profile: str | None) -> Found | None:
    """Search with our asynchronous client."""

    async def sleep(seconds: float) -> None:
        await anyio.lowlevel.checkpoint()

    options: dict[str, Any] = {"profile": profile, "mfa": lambda serial: CODE, "random": lambda: 1.0}
    try:
        async with AsyncKMSClient(sleep=sleep, **options) as client:
            return shown(await client.resolve_credentials())
    except (CredentialsError, ConfigurationError):
        return None


def shown(found: Credentials) -> Found:
    return Found(
        found.access_key_id, found.secret_access_key, found.session_token, found.expires_at, found.account_id
    )


def search_in_all_ways(case: Case, surround: Callable[[Case], None]) -> Found | None:
    """Return what all our clients find."""
    surround(case)
    found = ours(case.profile)
    for backend in ("asyncio", "trio"):
        surround(case)
        assert anyio.run(ours_async, case.profile, backend=backend) == found, backend
    return found


@pytest.mark.parametrize("case", AGREED, ids=lambda case: case.name)
def test_the_same_credentials_are_found(case: Case, surround: Callable[[Case], None]) -> None:
    """In each environment all our clients find what botocore finds, by the same questions, or nothing like it."""
    found = search_in_all_ways(case, surround)
    surround(case)
    expected = theirs(case.profile)
    if found is not None and expected is not None and None in (found.account_id, expected.account_id):
        found, expected = found._replace(account_id=None), expected._replace(account_id=None)
    assert found == expected
    assert (found and found.access_key) == case.finds
    if case.told is not None:
        assert found is not None
        assert found.token == case.told


@pytest.mark.parametrize("difference", DIFFERENT, ids=lambda difference: difference.case.name)
def test_each_difference_is_the_one_that_is_meant(
    difference: Difference, surround: Callable[[Case], None]
) -> None:
    """Where we mean to differ from botocore, each of the two finds what the table says, and they do differ."""
    case = difference.case
    found = search_in_all_ways(case, surround)
    surround(case)
    expected = theirs(case.profile)
    assert found != expected, "the two agree by now"
    assert (found and found.access_key) == case.finds
    assert (expected and expected.access_key) == difference.theirs
    assert difference.why
    if case.told is not None:
        assert found is not None
        assert found.token == case.told


def test_the_table_is_as_long_as_it_is_meant_to_be() -> None:
    """The two tables have at least forty environments, and no name twice."""
    names = [case.name for case in AGREED] + [difference.case.name for difference in DIFFERENT]
    assert len(names) == len(set(names))
    assert len(names) >= 40


def test_the_recipe_of_the_documentation_follows_a_session() -> None:
    """The function of the documentation returns what the session has, and when that expires."""
    text = (Path(__file__).parents[2] / "docs" / "credentials.md").read_text(encoding="utf-8")
    code = text.partition("a botocore session")[2].partition("```python\n")[2].partition("\n\nkms = ")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    expiry = datetime.now(UTC) + timedelta(hours=5)
    session = botocore.session.Session()
    session._credentials = botocore.credentials.RefreshableCredentials.create_from_metadata(
        {"access_key": "AKIA", "secret_key": "s", "token": "t", "expiry_time": expiry.isoformat()},
        refresh_using=dict,
        method="a test",
    )
    with KMSClient(region="us-east-2", environ={}, credentials=names["from_session"](session)) as kms:
        found = kms.resolve_credentials()
    assert (found.access_key_id, found.secret_access_key, found.session_token) == ("AKIA", "s", "t")
    assert found.expires_at == expiry
