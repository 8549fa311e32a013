"""`awskms-lite doctor`: what it finds in a set-up, and what it makes of the one call; all on loopback."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from support.servers import ScriptedServer, ServedConnection, answer, error_body, forwarding, replying

from awskms_lite.cli import main
from awskms_lite.local import LocalKMS
from awskms_lite.reference import NOT_READ

KEY_ID, SECRET, TOKEN = "AKIA111122223333TEST", "secret/of/the/TESTS+0123456789abcdefghij", "token/of/the/TESTS=="
NOT_FOUND = error_body("NotFoundException", "no such key")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test ask anybody's metadata, nor try twice."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put region, keys and a session token into the environment."""
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
    """Run an embedded KMS, and have the environment lead there."""
    with LocalKMS(region="us-east-2") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield server


class Report:
    """What the command said: its exit code, its two streams, and each finding as value and remark."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err
        table, *parts = out.rstrip("\n").split("\n\n")
        self._rows = [re.split(r"  +", line) for line in table.splitlines()]
        self._below = {name: text for name, _, text in (part.partition(":\n") for part in parts)}

    def __getitem__(self, name: str) -> tuple[str, str]:
        value, *remark = next(cells[1:] for cells in self._rows if cells[0] == name)
        short = remark[0] if remark else ""
        return value, self._below[name] if short == "see below" else short

    @property
    def names(self) -> list[str]:
        return [cells[0] for cells in self._rows]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> "Doctor":
    return Doctor(capsys)


class Doctor:
    """Calls the command and gives its report."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Report:
        code = main(["doctor", *arguments])
        return Report(code, *self._capsys.readouterr())


def test_what_was_passed_over_is_warned_of(
    keys: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doctor: Doctor
) -> None:
    """A section without the word profile, and a line whose name is none, count for nothing: that is told."""
    lines = ("[default]", "region = us-east-2", "region\u00a0x = y", "[prod]", "region = eu-west-1")
    (tmp_path / "config").write_text("\n".join(lines))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    out = doctor().out
    assert "line 3: ignored" in out
    assert "line 4: ignored" in out


class TestReached:
    """A set-up that works."""

    NAMES = (
        *("config file", "credentials file"),
        *("region", "profile", "endpoint", "FIPS", "dual-stack", "retry mode", "attempts", "proxy", "CA"),
        *("credentials", "clock", "call"),
    )

    def test_every_part_is_named_with_its_origin(self, kms: LocalKMS, doctor: Doctor) -> None:
        """Each line is a part, what it is and where it comes from; the call is the last, and the code is 0."""
        report = doctor()
        assert (report.code, report.err) == (0, "")
        assert report.names == list(self.NAMES)
        assert report["region"] == ("us-east-2", "AWS_REGION")
        assert report["profile"] == ("default", "default")
        assert report["endpoint"][0] == kms.endpoint_url
        assert report["endpoint"][1].startswith("AWS_ENDPOINT_URL")
        assert report["FIPS"] == report["dual-stack"] == ("no", "default")
        assert report["retry mode"] == ("standard", "default")
        assert report["attempts"] == ("1", "AWS_MAX_ATTEMPTS")
        assert report["proxy"] == ("none", "")
        assert report["CA"] == ("certifi", "default")
        last = kms.environ["AWS_ACCESS_KEY_ID"][-4:]
        value, origin = report["credentials"]
        assert value.startswith(f"...{last}, ")
        assert origin == "environment variables"
        assert report["clock"] == ("right", "as the endpoint's")
        value, remark = report["call"]
        assert value == "reached and permitted"
        assert remark.startswith("request id ")

    def test_json_says_the_same_to_machines(self, kms: LocalKMS, doctor: Doctor) -> None:
        """One object with `ok` and a member for each part, its name in small letters and in one word."""
        report = doctor("--output", "json")
        assert report.code == 0
        found = json.loads(report.out)
        assert found.pop("ok") is True
        assert tuple(found) == tuple(re.sub("[- ]", "_", name.lower()) for name in self.NAMES)
        assert found["region"] == {"value": "us-east-2", "remark": "AWS_REGION"}
        assert found["call"]["value"] == "reached and permitted"

    def test_options_go_before_the_environment(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, doctor: Doctor
    ) -> None:
        """--region and --endpoint-url are told as the origin of what they set."""
        url = kms.endpoint_url
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        report = doctor("--region", "us-west-2", "--endpoint-url", url)
        assert report.code == 0
        assert report["region"] == ("us-west-2", "region")
        assert report["endpoint"] == (url, "endpoint_url")

    def test_a_profile_may_say_it_all(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doctor: Doctor
    ) -> None:
        """--profile goes before the environment's keys; each origin names the property and the profile."""
        environ = kms.environ
        text = f"[profile ops]\nregion = us-west-1\nendpoint_url = {kms.endpoint_url}\nmax_attempts = 2\n"
        text += f"aws_access_key_id = {environ['AWS_ACCESS_KEY_ID']}\naws_account_id = 111122223333\n"
        text += f"aws_secret_access_key = {environ['AWS_SECRET_ACCESS_KEY']}\n"
        (tmp_path / "config").write_text(text)
        for name in (*environ, "AWS_MAX_ATTEMPTS"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNUSED")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unused")
        report = doctor("--profile", "ops")
        assert report.code == 0
        assert report["profile"] == ("ops", "profile")
        assert report["region"] == ("us-west-1", "region of the profile ops")
        assert report["endpoint"] == (kms.endpoint_url, "endpoint_url of the profile ops")
        assert report["attempts"] == ("2", "max_attempts of the profile ops")
        value, origin = report["credentials"]
        assert ", account 111122223333, without end" in value
        assert origin == "profile ops"

    def test_an_answer_with_a_use_is_an_answer(self, keys: None, doctor: Doctor) -> None:
        """Whoever answers a random key id with a success was reached all the same."""

        def echoing(line: ServedConnection) -> None:
            while (request := line.request()) is not None:
                line.send(answer(request.partition(b"\r\n\r\n")[2]))

        with ScriptedServer(echoing) as server:
            report = doctor("--endpoint-url", server.url)
        assert report.code == 0
        assert report["call"] == ("reached and permitted", "")

    @pytest.mark.parametrize("way", ["variables", "profile"])
    def test_the_end_of_a_token_is_unknown_unless_told(
        self, keys: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doctor: Doctor, way: str
    ) -> None:
        """Keys with a session token end at some time; without one they do not."""
        if way == "profile":
            text = f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
            (tmp_path / "config").write_text(f"{text}aws_session_token = {TOKEN}\n")
            monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
                monkeypatch.delenv(name)
        with ScriptedServer(replying(answer(NOT_FOUND, 400))) as server:
            assert doctor("--endpoint-url", server.url)["credentials"][0] == "...TEST, end unknown"
            if way == "variables":
                monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2090-03-01T12:00:00Z")
                value = doctor("--endpoint-url", server.url)["credentials"][0]
                assert value == "...TEST, until 2090-03-01 12:00:00 UTC"

    def test_keys_that_end_say_when(self, keys: None, monkeypatch: pytest.MonkeyPatch, doctor: Doctor) -> None:
        """The expiry of the keys in use is told in UTC."""
        given = {
            "AccessKeyId": KEY_ID,
            "SecretAccessKey": SECRET,
            "Token": TOKEN,
            "Expiration": "2090-03-01T12:00:00Z",
        }
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with (
            ScriptedServer(replying(answer(json.dumps(given).encode()))) as container,
            ScriptedServer(replying(answer(NOT_FOUND, 400))) as server,
        ):
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/role")
            report = doctor("--endpoint-url", server.url)
        assert report.code == 0
        assert report["credentials"] == ("...TEST, until 2090-03-01 12:00:00 UTC", "container")


class TestWarnings:
    """What was set or written and does not count."""

    @pytest.fixture
    def warned(self, keys: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doctor: Doctor) -> "Warned":
        """Return what runs the command in an environment and with a config file, and returns the warnings."""

        def warned(environ: dict[str, str], config: str = "") -> list[str]:
            (tmp_path / "config").write_text(config)
            monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
            for name, value in environ.items():
                monkeypatch.setenv(name, value)
            with ScriptedServer(replying(answer(NOT_FOUND, 400))) as server:
                monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
                report = doctor("--output", "json")
            assert report.code == 0
            found = json.loads(report.out).get("warnings", {"value": "0", "remark": ""})
            lines: list[str] = found["remark"].splitlines()
            assert int(found["value"]) == len(lines)
            return lines

        return warned

    def test_where_all_counts_there_is_none(self, warned: "Warned") -> None:
        """Pairs that agree, settings of other programs, and what is read, are no matter."""
        same = {"AWS_DEFAULT_REGION": "us-east-2", "AWS_SECURITY_TOKEN": TOKEN, "AWS_EXECUTION_ENV": "x"}
        assert warned(same, "[default]\noutput = json\ncli_pager =\nregion = eu-west-1\n") == []

    @pytest.mark.parametrize("setting", NOT_READ, ids=lambda setting: setting[0] or setting[1])
    def test_what_is_not_honoured_is_named_with_the_reason(
        self, warned: "Warned", setting: tuple[str, str]
    ) -> None:
        """Each setting of the reference that is left out, by its variable and by its property."""
        variable, name = setting
        lines = warned({variable: "true"} if variable else {}, f"[default]\n{name} = true\n" if name else "")
        by_variable = f"{variable} is set and not honoured: {NOT_READ[setting]}"
        assert (by_variable in lines) is bool(variable)
        assert any(line.startswith(f"{name} of the profile default is set and not") for line in lines) is bool(
            name
        )

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
            ("AWS_REGION", "AWS_DEFAULT_REGION"),
            ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
        ],
    )
    def test_a_pair_that_differs_is_named_without_its_values(
        self, warned: "Warned", first: str, second: str
    ) -> None:
        """Other tools may go by the other one, and sign as somebody else."""
        lines = warned({first: "one-value", second: "other-value"}, "[profile one-value]\n")
        assert lines == [f"{first} and {second} differ: {first} counts here, and other tools may go by {second}"]

    def test_a_line_that_was_passed_over_is_named(self, warned: "Warned", tmp_path: Path) -> None:
        """File, line and reason, and nothing of the line; its neighbours are used."""
        lines = warned({}, "[default]\nmax_attempts = 2\nre\u200bgion = hidden\naws_session_token : hidden=\n")
        invisible, other = "U+200B (ZERO WIDTH SPACE)", "a blank"
        assert lines == [
            f"{tmp_path / 'config'}, line 3: ignored, because its name holds {invisible}",
            f"{tmp_path / 'config'}, line 4: ignored, because its name holds {other}",
        ]

    def test_a_file_that_cannot_be_read_or_is_missing_is_named(self, warned: "Warned", tmp_path: Path) -> None:
        """The call needs neither, and whoever wonders is told."""
        (line,) = warned({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path)})
        assert line.startswith(f"{tmp_path} cannot be read (")
        assert warned({"AWS_SHARED_CREDENTIALS_FILE": "/none"}) == [
            "/none (AWS_SHARED_CREDENTIALS_FILE) does not exist"
        ]

    def test_fips_beside_an_endpoint_is_named(self, warned: "Warned") -> None:
        """The endpoint is used as it is, which is not what FIPS asks for."""
        lines = warned({"AWS_USE_FIPS_ENDPOINT": "true"}, "[default]\nuse_dualstack_endpoint = true\n")
        said = "has no effect on a custom endpoint (AWS_ENDPOINT_URL)"
        assert lines == [
            f"FIPS (AWS_USE_FIPS_ENDPOINT) {said}",
            f"dual-stack (use_dualstack_endpoint of the profile default) {said}",
        ]


Warned = Callable[..., list[str]]


class TestClock:
    """The difference between this machine's clock and the endpoint's."""

    MADE_UP = "KMS refuses what is signed beyond 300 s: set it"

    @pytest.mark.parametrize(
        ("off", "value", "remark"),
        [
            (0, "right", "as the endpoint's"),
            (600, r"(599|60[01]) s behind the endpoint's", MADE_UP),
            (-600, r"(599|60[01]) s ahead of the endpoint's", MADE_UP),
            (100, r"(99|10[01]) s behind the endpoint's", ""),
        ],
    )
    def test_it_is_told_by_the_date_of_the_answer(
        self, keys: None, doctor: Doctor, off: int, value: str, remark: str
    ) -> None:
        """Ahead or behind, by how many seconds, and what it costs where signatures would suffer."""
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=off), usegmt=True)
        with ScriptedServer(replying(answer(NOT_FOUND, 400, headers={"Date": date}))) as server:
            report = doctor("--endpoint-url", server.url)
        assert report.code == 0
        assert re.fullmatch(value, report["clock"][0])
        assert report["clock"][1] == remark

    @pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}, {"Date": "Thu, 99 Jan 2026 00:00:00 GMT"}])
    def test_without_a_date_it_is_unknown(self, keys: None, doctor: Doctor, headers: dict[str, str]) -> None:
        """An answer that tells no time is no failure."""
        with ScriptedServer(replying(answer(NOT_FOUND, 400, headers=headers))) as server:
            report = doctor("--endpoint-url", server.url)
        assert report.code == 0
        assert report["clock"] == ("unknown", "the answer has no Date header")


class TestRefused:
    """A call that does not come to its end."""

    def test_a_refusal_is_told_with_its_remedy(self, keys: None, doctor: Doctor) -> None:
        """AccessDenied is code 1: KMS was reached, and the text says what is missing."""
        denied = error_body("AccessDeniedException", "not authorized to perform: kms:GetKeyLastUsage")
        with ScriptedServer(replying(answer(denied, 400))) as server:
            report = doctor("--endpoint-url", server.url)
        assert report.code == 1
        value, remark = report["call"]
        assert value == "refused: AccessDeniedException"
        assert "kms:GetKeyLastUsage" in remark
        assert "clock" in report.names

    def test_a_wrong_secret_is_a_refusal(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, doctor: Doctor
    ) -> None:
        """The signature is checked for real, so a wrong secret shows."""
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret-of-the-tests")
        report = doctor()
        assert report.code == 1
        assert report["call"][0].startswith("refused: ")
        assert "wrong-secret" not in report.out

    def test_nobody_there_is_no_answer(self, keys: None, doctor: Doctor) -> None:
        """An endpoint that cannot be reached is code 1, and the text names it."""
        with socket.socket() as sock:  # bound and not listening, so that nobody else can take the port
            sock.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            report = doctor("--endpoint-url", url, "--output", "json")
        found = json.loads(report.out)
        assert (report.code, found["ok"]) == (1, False)
        assert found["call"]["value"] == "no answer"
        assert f"No connection to {url}" in found["call"]["remark"]
        assert "clock" not in found

    def test_what_a_server_says_cannot_command_the_terminal(self, keys: None, doctor: Doctor) -> None:
        """Control characters in a server's text are written out."""
        evil = error_body("AccessDeniedException", "\x1b]0;owned\x07\nline")
        with ScriptedServer(replying(answer(evil, 400))) as server:
            report = doctor("--endpoint-url", server.url)
        assert "owned" in report.out
        assert all(character.isprintable() or character == "\n" for character in report.out)
        assert report.names[-1] == "call"


class TestSetUp:
    """A set-up with which no call can be made: code 2."""

    def test_without_credentials_the_rest_is_told(self, monkeypatch: pytest.MonkeyPatch, doctor: Doctor) -> None:
        """Region and endpoint are there all the same, the search's reasons stand below, no call is made."""
        monkeypatch.setenv("AWS_REGION", "us-east-2")
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
        monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
        report = doctor()
        assert report.code == 2
        assert report["endpoint"] == ("https://kms-fips.us-east-2.api.aws", "of the region")
        assert report["FIPS"] == ("yes", "AWS_USE_FIPS_ENDPOINT")
        assert report["dual-stack"] == ("yes", "AWS_USE_DUALSTACK_ENDPOINT")
        value, remark = report["credentials"]
        assert value == "none"
        assert "environment variables: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set" in remark
        assert "EC2 instance metadata: AWS_EC2_METADATA_DISABLED is true" in remark
        assert report.names[-1] == "credentials"

    def test_json_says_that_it_is_not_well(self, monkeypatch: pytest.MonkeyPatch, doctor: Doctor) -> None:
        """`ok` is false where nothing could be asked."""
        monkeypatch.setenv("AWS_REGION", "us-east-2")
        report = doctor("--output", "json")
        assert (report.code, json.loads(report.out)["ok"]) == (2, False)

    def test_without_a_region_the_rest_is_told(
        self, keys: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doctor: Doctor
    ) -> None:
        """Files, profile, settings, warnings and credentials do not depend on it; what does is left out."""
        (tmp_path / "config").write_text("[default]\nmax_attempts = 2\nretry_mode = adaptive\nendpint = x\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.delenv("AWS_REGION")
        report = doctor()
        assert report.code == 2
        assert report["config file"] == (str(tmp_path / "config"), "")
        assert report["credentials file"] == (str(tmp_path / "none"), "not there, or not readable")
        assert report["region"] == ("none", "")
        assert report["profile"] == ("default", "default")
        assert report["retry mode"] == ("adaptive", "retry_mode of the profile default")
        assert report["credentials"][0].startswith(f"...{KEY_ID[-4:]}, ")
        assert report["credentials"][1] == "environment variables"
        assert report["warnings"][0] == "1"
        assert "No region" in report["set-up"][1]
        assert report.names[-1] == "set-up"
        assert not {"endpoint", "proxy", "call"} & set(report.names)

    @pytest.mark.parametrize(
        ("profile", "value", "remark"),
        [
            ("aws_access_key_id = AKIA\naws_secret_access_key = x\n", "...AKIA, without end", "profile default"),
            ("credential_process = never-run\n", "unknown", "the search needs a region"),
            ("output = json\n", "none", "No credentials found"),
        ],
    )
    def test_without_a_region_nobody_is_asked_for_credentials(
        self,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        doctor: Doctor,
        profile: str,
        value: str,
        remark: str,
    ) -> None:
        """Only the environment and the files are searched: a service or program may need the region."""
        (tmp_path / "config").write_text(f"[default]\n{profile}")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        report = doctor()
        assert report["credentials"][0] == value
        assert remark in report["credentials"][1]

    @pytest.mark.parametrize(
        ("environ", "arguments", "telling", "settled"),
        [
            ({}, [], "No region", True),
            ({"AWS_REGION": "us-east-2"}, ["--profile", "none"], "There is no profile 'none'", False),
            ({"AWS_REGION": "us-east-2"}, ["--endpoint-url", "ftp://x"], "is not an endpoint", True),
            ({"AWS_REGION": "us-east-2", "AWS_USE_FIPS_ENDPOINT": "yes"}, [], "set it to true or false", False),
        ],
    )
    @pytest.mark.parametrize("output", ["text", "json"])
    def test_what_makes_no_client_is_told(
        self,
        monkeypatch: pytest.MonkeyPatch,
        doctor: Doctor,
        environ: dict[str, str],
        arguments: list[str],
        telling: str,
        settled: bool,
        output: str,
    ) -> None:
        """Without a client there is a finding, in either form: what to fix; and what is known is told too."""
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        report = doctor(*arguments, "--output", output)
        assert (report.code, report.err) == (2, "")
        if output == "json":
            found = json.loads(report.out)
            assert ("ca" in found) == settled
            value, remark = found["set_up"]["value"], found["set_up"]["remark"]
        else:
            value, remark = report["set-up"]
        assert value == "broken"
        assert telling in remark

    def test_a_ca_bundle_that_is_missing_is_told(
        self, keys: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doctor: Doctor
    ) -> None:
        """The bundle and its origin are shown, and the call that could not be made says what to set."""
        path = str(tmp_path / "root.pem")
        monkeypatch.setenv("AWS_CA_BUNDLE", path)
        report = doctor("--endpoint-url", "https://localhost:1")
        assert report.code == 2
        assert report["CA"] == (path, "AWS_CA_BUNDLE")
        assert report["call"][0] == "not made"
        assert "set AWS_CA_BUNDLE" in report["call"][1]

    @pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
    def test_roots_of_the_environment_are_told(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doctor: Doctor, name: str
    ) -> None:
        """The variables that OpenSSL's users know are shown as the origin."""
        monkeypatch.setenv("AWS_REGION", "us-east-2")
        monkeypatch.setenv(name, str(tmp_path))
        assert doctor()["CA"] == (str(tmp_path), name)

    def test_a_proxy_is_told_without_its_password(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, doctor: Doctor
    ) -> None:
        """The proxy that the call goes through is shown, and who may use it is not."""
        with ScriptedServer(forwarding) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://user:pass-of-the-proxy@127.0.0.1:{proxy.port}")
            report = doctor()
            assert len(proxy.requests) == 1
        assert report.code == 0
        assert f"127.0.0.1:{proxy.port}" in report["proxy"][0]
        assert report["proxy"][1] == "HTTP_PROXY"
        assert "pass-of-the-proxy" not in report.out
        assert "user" not in report["proxy"][0]


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize(
    "body",
    [
        NOT_FOUND,
        error_body("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized"),
        error_body(
            "InvalidSignatureException", f"The Canonical String for this request should have been\n{TOKEN}"
        ),
        b"<html>",
    ],
)
def test_secrets_never_appear(keys: None, doctor: Doctor, output: str, body: bytes) -> None:
    """Neither secret nor token is shown, and of the access key id its last four characters only."""
    with ScriptedServer(replying(answer(body, 400))) as server:
        report = doctor("--endpoint-url", server.url, "--output", output)
    shown = report.out + report.err
    assert "...TEST" in shown
    assert not any(secret in shown for secret in (SECRET, TOKEN, KEY_ID, KEY_ID[-5:]))


def test_usage_takes_a_profile_too(
    kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--profile gives `usage` its keys, region and endpoint, before those of the environment."""
    environ = kms.environ
    key = kms.add_key()
    text = f"[ops]\nregion = us-east-2\nendpoint_url = {kms.endpoint_url}\n"
    text += f"aws_access_key_id = {environ['AWS_ACCESS_KEY_ID']}\n"
    text += f"aws_secret_access_key = {environ['AWS_SECRET_ACCESS_KEY']}\n"
    (tmp_path / "keys").write_text(text)
    for name in environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert main(["usage", "--profile", "ops", key.rpartition("/")[2]]) == 0
    assert "never used" in capsys.readouterr().out
    assert main(["usage", "--profile", "none", key]) == 2
    assert "There is no profile 'none'" in capsys.readouterr().err
