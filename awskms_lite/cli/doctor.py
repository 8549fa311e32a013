"""`awskms-lite doctor`: what a client would use, where each part comes from, and whether KMS answers."""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigurationError, CredentialsError, KMSLiteError, NotFoundException, ServiceError
from ..identity import Credentials
from ..quoting import printable
from ..reference import NOT_READ
from ..service_clock import read_date
from ..settings import Setting, Settings, load_files, resolve_settings
from ..system import new_id, read_file
from .mfa import ask_for_code
from .text import columns

if TYPE_CHECKING:
    from ..client import KMSClient


_PAIRS = (
    ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    ("AWS_REGION", "AWS_DEFAULT_REGION"),
    ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
)


class Finding(NamedTuple):
    """One line of the report: what was looked at, what it is, and where it comes from or what it means."""

    name: str
    value: str
    remark: str = ""


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the command and its options to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "doctor",
        parents=[shared],
        help="show what a client would use, and whether KMS answers",
        description="Show region, endpoint, credentials, proxy and CA with where each comes from, then make one "
        "harmless signed call: GetKeyLastUsage of a key that does not exist. Secrets are never shown.",
        epilog="Exit codes: 0 KMS was reached and the call is permitted; 1 it was not; 2 wrong use or set-up.",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text", help="default: text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look at everything, report it, and give 0 where KMS was reached and answered as it should."""
    findings: list[Finding] = []
    try:
        code = _look(arguments, findings)
    except (ConfigurationError, CredentialsError) as error:
        findings.append(Finding("set-up", "broken", str(error)))
        code = 2
    print(_as_json(findings, code) if arguments.output == "json" else _as_text(findings))
    return code


def _look(arguments: argparse.Namespace, findings: list[Finding]) -> int:
    """Add what there is to find, one after another, so that what comes before a mistake is not lost."""
    from ..client import KMSClient

    chosen = {name: getattr(arguments, name) for name in ("profile", "region", "endpoint_url")}
    settings = resolve_settings(os.environ, *load_files(os.environ, read_file), **chosen)
    with KMSClient(**chosen, mfa=ask_for_code) as client:
        findings += _setup(settings, client)
        findings += _warnings(settings)
        credentials, code = _credentials(client)
        findings.append(credentials)
        if code == 0:
            answers, code = _call(client)
            findings += answers
    return code


def _setup(settings: Settings, client: "KMSClient") -> list[Finding]:
    from ..transport import proxy_of

    endpoint = settings.endpoint("kms")
    proxy = proxy_of(client.endpoint_url)
    return [
        Finding("region", client.region, settings.region.source),
        Finding("profile", settings.profile.value, settings.profile.source),
        Finding("endpoint", client.endpoint_url, endpoint.source if endpoint else "of the region"),
        _flag("FIPS", settings.use_fips_endpoint),
        _flag("dual-stack", settings.use_dualstack_endpoint),
        Finding("retry mode", settings.retry_mode.value, settings.retry_mode.source),
        Finding("attempts", str(settings.max_attempts.value), settings.max_attempts.source),
        Finding("proxy", str(proxy or "none"), proxy.variable if proxy else ""),
        _roots(settings, os.environ),
    ]


def _warnings(settings: Settings) -> list[Finding]:
    """Return one finding for all that was set or written and does not count, none where there is nothing."""
    notes = settings.notes
    lines = [*notes.unread, *notes.absent, *map(str, notes.omissions), *_pairs(settings.environ), *_idle(settings)]
    return [Finding("warnings", str(len(lines)), "\n".join(lines))] if lines else []


def _pairs(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the pairs of variables that mean one thing and do not say the same."""
    for first, second in _PAIRS:
        one, other = environ.get(first, "").strip(), environ.get(second, "").strip()
        if one and other and one != other:
            yield f"{first} and {second} differ: {first} counts here, and other tools may go by {second}"


def _idle(settings: Settings) -> Iterator[str]:
    """Yield the settings that have no effect, and why."""
    for (variable, name), why in NOT_READ.items():
        if variable and settings.environ.get(variable, "").strip():
            yield f"{variable} is set and not honoured: {why}"
        if settings.section.get(name):
            yield f"{name} of the profile {settings.profile.value} is set and not honoured: {why}"
    custom = settings.endpoint("kms")
    for name, setting in (("FIPS", settings.use_fips_endpoint), ("dual-stack", settings.use_dualstack_endpoint)):
        if custom is not None and setting.value:
            yield f"{name} ({setting.source}) has no effect on a custom endpoint ({custom.source})"


def _flag(name: str, setting: Setting[bool]) -> Finding:
    return Finding(name, "yes" if setting.value else "no", setting.source)


def _roots(settings: Settings, environ: Mapping[str, str]) -> Finding:
    if settings.ca_bundle is not None:
        return Finding("CA", settings.ca_bundle.value, settings.ca_bundle.source)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(name):
            return Finding("CA", environ[name], name)
    return Finding("CA", "certifi", "default")


def _credentials(client: "KMSClient") -> tuple[Finding, int]:
    try:
        found = client.resolve_credentials()
    except KMSLiteError as error:
        return Finding("credentials", "none", str(error)), 2
    account = f", account {found.account_id}" if found.account_id else ""
    return Finding("credentials", f"...{found.access_key_id[-4:]}{account}, {_end(found)}", found.source), 0


def _end(credentials: Credentials) -> str:
    """Return when the keys end; those with a session token do, though not every source says when."""
    if credentials.expires_at is not None:
        return f"until {credentials.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    return "end unknown" if credentials.session_token else "without end"


def _call(client: "KMSClient") -> tuple[list[Finding], int]:
    """Ask about a key that does not exist: to be told so means that the call arrived and is permitted."""
    asked = time.time()
    try:
        client.get_key_last_usage(new_id())
    except NotFoundException as error:
        return [_clock(error, asked), Finding("call", "reached and permitted", _request_id(error))], 0
    except ServiceError as error:
        return [_clock(error, asked), Finding("call", f"refused: {error.code}", str(error))], 1
    except (ConfigurationError, CredentialsError) as error:
        return [Finding("call", "not made", str(error))], 2
    except KMSLiteError as error:
        return [Finding("call", "no answer", str(error))], 1
    return [Finding("call", "reached and permitted")], 0


def _request_id(error: ServiceError) -> str:
    return f"request id {error.request_id}" if error.request_id else ""


def _clock(error: ServiceError, asked: float) -> Finding:
    """Compare the clocks; the header counts whole seconds, and the answer took its time."""
    theirs = read_date(error.date)
    if theirs is None:
        return Finding("clock", "unknown", "the answer tells no date")
    difference = round((asked + time.time()) / 2 - theirs - 0.5)
    if abs(difference) < 2:
        return Finding("clock", "right", "as the endpoint's")
    side = "ahead of" if difference > 0 else "behind"
    remark = "KMS refuses what is signed beyond 300 s: set it" if abs(difference) > 240 else ""
    return Finding("clock", f"{abs(difference)} s {side} the endpoint's", remark)


def _as_text(findings: list[Finding]) -> str:
    """Give a line for each finding; a remark that is longer than a line stands below them all."""
    short = [(f.name, printable(f.value), printable(f.remark) if _fits(f) else "see below") for f in findings]
    long = [f"\n{f.name}:\n" + "\n".join(map(printable, f.remark.splitlines())) for f in findings if not _fits(f)]
    return "\n".join([columns(short), *long])


def _fits(finding: Finding) -> bool:
    return len(finding.remark) <= 60 and finding.remark.isprintable()


def _as_json(findings: list[Finding], code: int) -> str:
    rows = {
        f.name.lower().replace("-", "_").replace(" ", "_"): {"value": f.value, "remark": f.remark}
        for f in findings
    }
    return json.dumps({"ok": code == 0, **rows}, indent=2)
