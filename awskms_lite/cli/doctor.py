"""`awskms-lite doctor`: what a client would use, where each part comes from, and whether KMS answers."""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from random import random
from typing import TYPE_CHECKING, NamedTuple

from ..config import file_locations
from ..credentials.chain import find
from ..errors import ConfigurationError, CredentialsError, KMSLiteError, NotFoundException, ServiceError
from ..identity import Credentials
from ..quoting import printable
from ..reference import NOT_READ
from ..service_clock import ServiceClock, read_date
from ..settings import Setting, Settings, SharedFiles, load_files, resolve_settings
from ..system import new_id, now, read_file
from .mfa import ask_for_code
from .text import columns

if TYPE_CHECKING:
    from ..client import KMSClient


_PAIRS = (
    ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    ("AWS_REGION", "AWS_DEFAULT_REGION"),
    ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
)

_STAND_IN_REGION = "us-east-1"
"""Stands for a region that is missing, so that the other settings can be resolved; no request is sent there."""
_ALARMING_SKEW = 240
"""Seconds: a minute less than the 300 beyond which KMS refuses a signature, since clocks drift on."""
_REMARK_WIDTH = 60
"""Characters of a remark that may stand beside its value; a longer one stands below the table."""


class Finding(NamedTuple):
    """One line of the report: a name, its value, and where that comes from or what it means."""

    name: str
    value: str
    remark: str = ""


def run(arguments: argparse.Namespace) -> int:
    """Print what was found, and return 0 if KMS was reached and permits the call."""
    findings: list[Finding] = []
    try:
        code = _examine(arguments, findings)
    except (ConfigurationError, CredentialsError) as error:
        findings.append(Finding("set-up", "broken", str(error)))
        code = 2
    print(_as_json(findings, code) if arguments.output == "json" else _as_text(findings))
    return code


def _examine(arguments: argparse.Namespace, findings: list[Finding]) -> int:
    """Add the findings one after another, so that an error hides none of those that do not depend on it."""
    from ..client import KMSClient

    chosen = {name: getattr(arguments, name) for name in ("profile", "region", "endpoint_url")}
    files = load_files(os.environ, read_file)
    findings += _files(os.environ)
    try:
        settings = resolve_settings(os.environ, *files, **chosen)
    except ConfigurationError:
        findings += _without_region(arguments, files)
        raise
    findings += _settings(settings)
    findings += _warnings(settings)
    with KMSClient(**chosen, mfa=ask_for_code) as client:
        credentials, code = _credentials(client)
        findings.append(credentials)
        if code == 0:
            answers, code = _call(client)
            findings += answers
    return code


def _files(environ: Mapping[str, str]) -> list[Finding]:
    names = ("config file", "credentials file")
    return [
        Finding(name, str(path), "" if os.access(path, os.R_OK) else "not there, or not readable")
        for name, path in zip(names, file_locations(environ), strict=True)
    ]


def _without_region(arguments: argparse.Namespace, files: SharedFiles) -> list[Finding]:
    """Return what does not depend on the region; raise `ConfigurationError` if not only the region is missing."""
    settings = resolve_settings(
        os.environ,
        *files,
        profile=arguments.profile,
        region=_STAND_IN_REGION,
        endpoint_url=arguments.endpoint_url,
    )
    known = [finding for finding in _settings(settings) if finding.name not in ("region", "endpoint", "proxy")]
    return [Finding("region", "none"), *known, *_warnings(settings), _credentials_at_hand(settings)]


def _settings(settings: Settings) -> list[Finding]:
    url, region = _endpoint(settings)
    endpoint = settings.endpoint("kms")
    return [
        Finding("region", region or "none", settings.region.source),
        Finding("profile", settings.profile.value, settings.profile.source),
        Finding("endpoint", url or "none", endpoint.source if endpoint else "of the region"),
        _flag("FIPS", settings.use_fips_endpoint),
        _flag("dual-stack", settings.use_dualstack_endpoint),
        Finding("retry mode", settings.retry_mode.value, settings.retry_mode.source),
        Finding("attempts", str(settings.max_attempts.value), settings.max_attempts.source),
        *([] if url is None else [_proxy(url)]),
        _roots(settings),
    ]


def _endpoint(settings: Settings) -> tuple[str | None, str | None]:
    """Return the URL of KMS and its region; None if the settings name none, which the client tells about."""
    try:
        return settings.service_endpoint("kms", "kms")
    except ConfigurationError:
        return None, settings.region.value


def _proxy(url: str) -> Finding:
    from ..transport import proxy_of

    proxy = proxy_of(url)
    return Finding("proxy", str(proxy or "none"), proxy.variable if proxy else "")


def _warnings(settings: Settings) -> list[Finding]:
    """Return one finding for every setting without effect; none if there is no such setting."""
    notes = settings.notes
    lines = [*notes.unread, *notes.absent, *map(str, notes.omissions), *_pairs(settings.environ), *_idle(settings)]
    return [Finding("warnings", str(len(lines)), "\n".join(lines))] if lines else []


def _pairs(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the pairs of variables with one meaning and different values."""
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


def _roots(settings: Settings) -> Finding:
    from ..transport import roots_variable

    if settings.ca_bundle is not None:
        return Finding("CA", settings.ca_bundle.value, settings.ca_bundle.source)
    variable, path = roots_variable() or ("default", "certifi")
    return Finding("CA", path, variable)


def _credentials(client: "KMSClient") -> tuple[Finding, int]:
    try:
        return _found(client.resolve_credentials()), 0
    except KMSLiteError as error:
        return Finding("credentials", "none", str(error)), 2


def _credentials_at_hand(settings: Settings) -> Finding:
    """Search for credentials as far as no request, file or program is needed: those may depend on the region."""
    search = find(settings, clock=ServiceClock(now), random=random, mfa=None)
    try:
        next(search)
    except StopIteration as end:
        return _found(end.value)
    except KMSLiteError as error:
        return Finding("credentials", "none", str(error))
    search.close()
    return Finding("credentials", "unknown", "the search needs a region")


def _found(found: Credentials) -> Finding:
    account = f", account {found.account_id}" if found.account_id else ""
    return Finding("credentials", f"...{found.access_key_id[-4:]}{account}, {_end(found)}", found.source)


def _end(credentials: Credentials) -> str:
    """Return when the credentials expire; with a session token they do, though not every source says when."""
    if credentials.expires_at is not None:
        return f"until {credentials.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    return "end unknown" if credentials.session_token else "without end"


def _call(client: "KMSClient") -> tuple[list[Finding], int]:
    """Call GetKeyLastUsage for a key that does not exist: NotFoundException means that the call is permitted."""
    sent = time.time()
    try:
        client.get_key_last_usage(new_id())
    except NotFoundException as error:
        return [_clock(error, sent), Finding("call", "reached and permitted", _request_id(error))], 0
    except ServiceError as error:
        return [_clock(error, sent), Finding("call", f"refused: {error.code}", str(error))], 1
    except (ConfigurationError, CredentialsError) as error:
        return [Finding("call", "not made", str(error))], 2
    except KMSLiteError as error:
        return [Finding("call", "no answer", str(error))], 1
    return [Finding("call", "reached and permitted")], 0


def _request_id(error: ServiceError) -> str:
    return f"request id {error.request_id}" if error.request_id else ""


def _clock(error: ServiceError, sent: float) -> Finding:
    """Compare the Date header, which counts whole seconds, with our clock in the middle of the call."""
    theirs = read_date(error.date)
    if theirs is None:
        return Finding("clock", "unknown", "the answer has no Date header")
    difference = round((sent + time.time()) / 2 - theirs - 0.5)
    if abs(difference) < 2:
        return Finding("clock", "right", "as the endpoint's")
    side = "ahead of" if difference > 0 else "behind"
    remark = "KMS refuses what is signed beyond 300 s: set it" if abs(difference) > _ALARMING_SKEW else ""
    return Finding("clock", f"{abs(difference)} s {side} the endpoint's", remark)


def _as_text(findings: list[Finding]) -> str:
    """Return a line for each finding; a remark that does not fit stands below them all."""
    short = [(f.name, printable(f.value), printable(f.remark) if _fits(f) else "see below") for f in findings]
    long = [f"\n{f.name}:\n" + "\n".join(map(printable, f.remark.splitlines())) for f in findings if not _fits(f)]
    return "\n".join([columns(short), *long])


def _fits(finding: Finding) -> bool:
    return len(finding.remark) <= _REMARK_WIDTH and finding.remark.isprintable()


def _as_json(findings: list[Finding], code: int) -> str:
    rows = {
        f.name.lower().replace("-", "_").replace(" ", "_"): {"value": f.value, "remark": f.remark}
        for f in findings
    }
    return json.dumps({"ok": code == 0, **rows}, indent=2)
