"""What a client is set up with: arguments before the environment, the environment before the profile."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from awskms_lite._version import __version__
from awskms_lite.async_client import AsyncKMSClient
from awskms_lite.client import KMSClient
from awskms_lite.config import Notes, parse_config
from awskms_lite.errors import ConfigurationError, ParameterError
from awskms_lite.retry import Mode
from awskms_lite.settings import Setting, Settings, load_files, resolve_settings, validated_timeout

REGION = {"AWS_REGION": "us-east-2"}


def settled(environ: Mapping[str, str], text: str = "", **arguments: Any) -> Settings:
    """Settle from an environment and a config file that begins with the properties of the default profile."""
    sections = parse_config(f"[default]\n{text}", "config") if text else {}
    return resolve_settings(environ, sections, **arguments)


class TestRegion:
    """Where the keys are."""

    TEXT = "region = eu-west-1\n"

    @pytest.mark.parametrize(
        ("environ", "argument", "expected"),
        [
            ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, "c", Setting("c", "region")),
            ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, None, Setting("a", "AWS_REGION")),
            ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, " ", Setting("a", "AWS_REGION")),
            ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b"}, "", Setting("b", "AWS_DEFAULT_REGION")),
            ({"AWS_REGION": "\t", "AWS_DEFAULT_REGION": " b\n"}, None, Setting("b", "AWS_DEFAULT_REGION")),
            ({"AWS_DEFAULT_REGION": " "}, None, Setting("eu-west-1", "region of the profile default")),
        ],
    )
    def test_the_first_that_is_set_counts(
        self, environ: dict[str, str], argument: str | None, expected: Setting[str]
    ) -> None:
        """Argument, AWS_REGION, AWS_DEFAULT_REGION, profile; blank is missing, and the origin is told."""
        assert settled(environ, self.TEXT, region=argument).region == expected

    @pytest.mark.parametrize("text", ["", "region =\n", "region =\n  nested = eu-west-1\n"])
    def test_without_one_it_is_an_error(self, text: str) -> None:
        """No region is guessed; the text names the three ways to set one."""
        with pytest.raises(ConfigurationError, match=r"No region: pass one .* AWS_REGION, or put region into"):
            settled({}, text)

    @pytest.mark.parametrize("name", ["region", "profile", "endpoint_url"])
    def test_an_argument_of_another_type_is_refused(self, name: str) -> None:
        """An option that takes text takes nothing else."""
        options: dict[str, Any] = {name: 17}
        with pytest.raises(ConfigurationError, match=f"{name} must be a str, not int"):
            settled(REGION, **options)


class TestProfile:
    """Which section of the shared files counts."""

    TEXT = "output = default\n[profile ops]\noutput = ops\n[profile env]\noutput = env\n"

    @pytest.mark.parametrize(
        ("environ", "argument", "expected"),
        [
            ({"AWS_PROFILE": "env"}, "ops", Setting("ops", "profile")),
            ({"AWS_PROFILE": "env"}, None, Setting("env", "AWS_PROFILE")),
            ({"AWS_PROFILE": "env"}, " ", Setting("env", "AWS_PROFILE")),
            ({"AWS_PROFILE": " "}, None, Setting("default", "default")),
            ({"AWS_PROFILE": "default"}, None, Setting("default", "AWS_PROFILE")),
            ({"AWS_DEFAULT_PROFILE": "env"}, None, Setting("env", "AWS_DEFAULT_PROFILE")),
            ({"AWS_PROFILE": " ", "AWS_DEFAULT_PROFILE": "env"}, None, Setting("env", "AWS_DEFAULT_PROFILE")),
            ({"AWS_PROFILE": "ops", "AWS_DEFAULT_PROFILE": "env"}, None, Setting("ops", "AWS_PROFILE")),
            ({"AWS_DEFAULT_PROFILE": "env"}, "ops", Setting("ops", "profile")),
        ],
    )
    def test_the_first_that_is_set_counts(
        self, environ: dict[str, str], argument: str | None, expected: Setting[str]
    ) -> None:
        """Argument, AWS_PROFILE, AWS_DEFAULT_PROFILE, default; its properties are those that count."""
        settings = settled({**REGION, **environ}, self.TEXT, profile=argument)
        assert settings.profile == expected
        assert settings.property("output") == Setting(expected.value, f"output of the profile {expected.value}")

    @pytest.mark.parametrize(
        ("environ", "argument", "named"),
        [
            ({}, "none", r"'none' \(profile\)"),
            ({"AWS_PROFILE": "none"}, None, r"'none' \(AWS_PROFILE\)"),
            ({}, "sso-session team", r"'sso-session team' \(profile\)"),
            ({"AWS_PROFILE": "services s"}, None, r"'services s' \(AWS_PROFILE\)"),
        ],
    )
    def test_one_that_is_named_has_to_be_there(
        self, environ: dict[str, str], argument: str | None, named: str
    ) -> None:
        """The text names the profile, who named it and both files; no other kind of section is a profile."""
        files = {"AWS_CONFIG_FILE": "/etc/c", "AWS_SHARED_CREDENTIALS_FILE": "/etc/k"}
        text = "[sso-session team]\na = b\n[services s]\na = b\n"
        with pytest.raises(ConfigurationError, match=rf"no profile {named}, neither in /etc/c nor in /etc/k"):
            settled({**REGION, **files, **environ}, text, profile=argument)

    def test_the_default_one_need_not_be_there(self) -> None:
        """Without any file there is an empty profile."""
        settings = settled(REGION)
        assert settings.profile == Setting("default", "default")
        assert settings.section == {}
        assert settings.property("region") is None

    def test_a_default_that_is_named_has_to_be_there(self) -> None:
        """Who names the default profile means it."""
        with pytest.raises(ConfigurationError, match="no profile 'default'"):
            settled({**REGION, "AWS_PROFILE": "default"})

    @pytest.mark.parametrize("text", ["x =\n", "x =\n  nested = 1\n", "y = 1\n"])
    def test_a_property_that_is_blank_or_nested_is_missing(self, text: str) -> None:
        """Only text is a value."""
        assert settled(REGION, text).property("x") is None


FLAGS = ["use_fips_endpoint", "use_dualstack_endpoint"]


@pytest.mark.parametrize("name", FLAGS)
class TestFlags:
    """FIPS and dual-stack."""

    @pytest.mark.parametrize(
        ("argument", "variable", "own", "expected"),
        [
            (True, "false", "false", (True, "{name}")),
            (False, "true", "true", (False, "{name}")),
            (None, "TRUE", "false", (True, "{variable}")),
            (None, "False", "true", (False, "{variable}")),
            (None, " ", "true", (True, "{name} of the profile default")),
            (None, "", "", (False, "default")),
        ],
    )
    def test_the_first_that_is_set_counts(
        self, name: str, argument: bool | None, variable: str, own: str, expected: tuple[bool, str]
    ) -> None:
        """Argument, variable, profile, and off; a false one counts as much as a true one."""
        environ = {**REGION, f"AWS_{name.upper()}": variable}
        found = getattr(settled(environ, f"{name} = {own}\n", **{name: argument}), name)
        assert found == (expected[0], expected[1].format(name=name, variable=f"AWS_{name.upper()}"))

    @pytest.mark.parametrize("value", ["yes", "1", "on", "true true", "ture"])
    def test_what_is_no_flag_is_an_error(self, name: str, value: str) -> None:
        """A misspelt flag is told with its origin, not taken for off."""
        variable = f"AWS_{name.upper()}"
        with pytest.raises(ConfigurationError, match=rf"\({variable}\) is '{value}': set it to true or false"):
            settled({**REGION, variable: value})
        with pytest.raises(ConfigurationError, match=rf"\({name} of the profile default\) is"):
            settled(REGION, f"{name} = {value}\n")

    @pytest.mark.parametrize("value", ["true", 1, "false"])
    def test_an_argument_of_another_type_is_refused(self, name: str, value: Any) -> None:
        """The text "false" would be a true one."""
        with pytest.raises(ConfigurationError, match=f"{name} must be True, False or None, not"):
            settled(REGION, **{name: value})

    def test_the_argument_spares_the_others_a_look(self, name: str) -> None:
        """What an argument settles is not looked for elsewhere."""
        options: dict[str, Any] = {name: True}
        assert getattr(settled({**REGION, f"AWS_{name.upper()}": "ture"}, **options), name).value


class TestAttempts:
    """How often a call is sent."""

    @pytest.mark.parametrize(
        ("environ", "text", "expected"),
        [
            ({"AWS_MAX_ATTEMPTS": "5"}, "max_attempts = 7\n", Setting(5, "AWS_MAX_ATTEMPTS")),
            ({"AWS_MAX_ATTEMPTS": " "}, "max_attempts = 7\n", Setting(7, "max_attempts of the profile default")),
            ({"AWS_MAX_ATTEMPTS": "1"}, "", Setting(1, "AWS_MAX_ATTEMPTS")),
            ({}, "", Setting(3, "default")),
        ],
    )
    def test_the_first_that_is_set_counts(
        self, environ: dict[str, str], text: str, expected: Setting[int]
    ) -> None:
        """Variable, profile, and three."""
        assert settled({**REGION, **environ}, text).max_attempts == expected

    @pytest.mark.parametrize("value", ["0", "-1", "three", "2.5", "1e1", "9" * 5000])
    def test_what_is_no_number_of_attempts_is_an_error(self, value: str) -> None:
        """Nought is no number of attempts: the text says what 1 means."""
        with pytest.raises(ConfigurationError, match=r"\(AWS_MAX_ATTEMPTS\) is .*: set it to 1 for no retry"):
            settled({**REGION, "AWS_MAX_ATTEMPTS": value})


class TestRetryMode:
    """How a call is sent again."""

    @pytest.mark.parametrize(
        ("environ", "text", "mode", "origin"),
        [
            ({}, "", "standard", "default"),
            ({"AWS_RETRY_MODE": "Standard"}, "retry_mode = adaptive\n", "standard", "AWS_RETRY_MODE"),
            ({"AWS_RETRY_MODE": "adaptive"}, "retry_mode = standard\n", "adaptive", "AWS_RETRY_MODE"),
            ({"AWS_RETRY_MODE": " "}, "retry_mode = ADAPTIVE\n", "adaptive", "retry_mode of the profile default"),
            ({"AWS_RETRY_MODE": "legacy"}, "", "standard", "in place of legacy, AWS_RETRY_MODE"),
            ({}, "retry_mode = Legacy\n", "standard", "in place of legacy, retry_mode of the profile default"),
        ],
    )
    def test_the_first_that_is_set_counts(
        self, environ: dict[str, str], text: str, mode: Mode, origin: str
    ) -> None:
        """Variable, profile, and standard; what older SDKs call legacy is standard too, and the origin says so."""
        assert settled({**REGION, **environ}, text).retry_mode == Setting(mode, origin)

    @pytest.mark.parametrize("value", ["often", "standard adaptive", "3"])
    def test_what_is_no_mode_is_an_error(self, value: str) -> None:
        """A misspelt mode is told with its origin, and with those that there are."""
        telling = rf"\(AWS_RETRY_MODE\) is '{value}': set it to standard or adaptive"
        with pytest.raises(ConfigurationError, match=telling):
            settled({**REGION, "AWS_RETRY_MODE": value})
        with pytest.raises(ConfigurationError, match=r"\(retry_mode of the profile default\) is"):
            settled(REGION, f"retry_mode = {value}\n")


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 10**10, True, "3"])
def test_a_time_that_is_none_is_refused(seconds: Any) -> None:
    """A timeout is a positive number of seconds, or None; the text says whose it is."""
    with pytest.raises(
        ParameterError, match=r"^read_timeout is .*: pass a positive number of seconds, .* or None"
    ):
        validated_timeout("read_timeout", seconds)


def test_a_time_is_given_back() -> None:
    """What is a time, or none at all, is taken as it is."""
    assert [validated_timeout("timeout", seconds) for seconds in (None, 1, 0.5)] == [None, 1, 0.5]


@pytest.mark.parametrize(
    ("environ", "text", "expected"),
    [
        ({"AWS_CA_BUNDLE": "/env.pem"}, "ca_bundle = /own.pem\n", Setting("/env.pem", "AWS_CA_BUNDLE")),
        ({"AWS_CA_BUNDLE": ""}, "ca_bundle = /own.pem\n", Setting("/own.pem", "ca_bundle of the profile default")),
        ({}, "ca_bundle =\n", None),
    ],
)
def test_the_roots_may_be_named(environ: dict[str, str], text: str, expected: Setting[str] | None) -> None:
    """Variable, profile, and else none."""
    assert settled({**REGION, **environ}, text).ca_bundle == expected


@pytest.mark.parametrize("path", ["/a\0b", "/\ud800", "/\udfff/x"])
@pytest.mark.parametrize("by", ["variable", "profile"])
def test_a_path_that_no_file_can_have_is_told_by_its_origin(path: str, by: str) -> None:
    """A NUL or half a character is refused at once, and not shown; what only stands for a byte is a path."""
    environ = {**REGION, "AWS_CA_BUNDLE": path} if by == "variable" else REGION
    with pytest.raises(ConfigurationError, match=r"(?i)ca_bundle.* holds a NUL or half a character") as caught:
        settled(environ, f"ca_bundle = {path}\n")
    assert caught.value.__context__ is None
    assert settled({**REGION, "AWS_CA_BUNDLE": "/\udcff"}).ca_bundle == Setting("/\udcff", "AWS_CA_BUNDLE")


@pytest.mark.parametrize(
    ("environ", "text", "name"),
    [
        ({}, "", ""),
        ({"AWS_SDK_UA_APP_ID": "billing"}, "sdk_ua_app_id = other\n", " app/billing"),
        ({"AWS_SDK_UA_APP_ID": " "}, "sdk_ua_app_id = my-app_1.0\n", " app/my-app_1.0"),
        ({"AWS_SDK_UA_APP_ID": "bill run/2 (é)"}, "", " app/bill-run-2----"),
        ({"AWS_SDK_UA_APP_ID": "x" * 60}, "", " app/" + "x" * 50),
    ],
)
def test_the_user_agent_names_the_program(environ: dict[str, str], text: str, name: str) -> None:
    """Variable before profile, with a hyphen for each character that cannot stand in a product's name."""
    assert settled({**REGION, **environ}, text).user_agent == f"awskms-lite/{__version__}{name}"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x0b", "\x85"])
@pytest.mark.parametrize(
    "variable",
    ["AWS_REGION", "AWS_PROFILE", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT"],
)
def test_a_variable_of_several_lines_is_not_shown(variable: str, end: str) -> None:
    """What a shell put into a variable with a key below it is refused by the variable's name alone."""
    with pytest.raises(ConfigurationError, match=f"^{variable} holds several lines: set it to one") as caught:
        settled({**REGION, variable: f"x{end}aws_secret_access_key = hidden"})
    assert "hidden" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"^region holds several lines"):
        settled({}, region=f"x{end}hidden")


ALL = {"AWS_ENDPOINT_URL_KMS": "http://kms-variable", "AWS_ENDPOINT_URL": "http://variable"}
SERVICES = (
    "services = local\nendpoint_url = http://own\n"
    "[services local]\nkms =\n  endpoint_url = http://service\nsts =\n  endpoint_url =\nsso = http://flat\n"
)


class TestEndpoint:
    """Where a service is asked, when it is not the region's host."""

    @pytest.mark.parametrize(
        ("environ", "argument", "expected"),
        [
            (ALL, "http://argument", Setting("http://argument", "endpoint_url")),
            (ALL, " ", Setting("http://kms-variable", "AWS_ENDPOINT_URL_KMS")),
            ({**ALL, "AWS_ENDPOINT_URL_KMS": " "}, None, Setting("http://variable", "AWS_ENDPOINT_URL")),
            ({}, None, Setting("http://service", "[services local]")),
        ],
    )
    def test_the_first_that_is_set_counts(
        self, environ: dict[str, str], argument: str | None, expected: Setting[str]
    ) -> None:
        """Argument, the service's variable, the common one, the services section, the profile."""
        settings = settled({**REGION, **environ}, SERVICES, endpoint_url=argument)
        assert settings.endpoint("kms") == expected
        assert settings.service_endpoint("kms", "kms") == (expected.value, "us-east-2")

    @pytest.mark.parametrize("service", ["sts", "sso", "sso_oidc"])
    def test_a_section_that_does_not_name_the_service_leaves_it_to_the_profile(self, service: str) -> None:
        """A service that the section leaves out, or gives no endpoint, has the profile's."""
        assert settled(REGION, SERVICES).endpoint(service) == Setting(
            "http://own", "endpoint_url of the profile default"
        )

    @pytest.mark.parametrize("service", ["sts", "sso", "sso_oidc"])
    def test_the_argument_is_of_kms_alone(self, service: str) -> None:
        """The endpoint given to the client moves no other service; a variable moves each by its name."""
        settings = settled(REGION, endpoint_url="http://argument")
        assert settings.endpoint(service) is None
        variable = f"AWS_ENDPOINT_URL_{service.upper()}"
        settings = settled({**REGION, variable: "http://moved"}, endpoint_url="http://argument")
        assert settings.endpoint(service) == Setting("http://moved", variable)

    @pytest.mark.parametrize(
        ("environ", "text", "ignored"),
        [
            ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "", True),
            ({}, "ignore_configured_endpoint_urls = TRUE\n", True),
            (
                {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
                "ignore_configured_endpoint_urls = true\n",
                False,
            ),
            ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ""}, "", False),
        ],
    )
    def test_all_but_the_argument_can_be_switched_off(
        self, environ: dict[str, str], text: str, ignored: bool
    ) -> None:
        """One switch turns the variables' endpoints and the profile's off, and never the argument."""
        settings = settled({**REGION, **ALL, **environ}, text + SERVICES)
        assert (settings.endpoint("kms") is None) is ignored
        assert (settings.endpoint("sts") is None) is ignored
        given = settled({**REGION, **ALL, **environ}, text + SERVICES, endpoint_url="http://argument")
        assert given.endpoint("kms") == Setting("http://argument", "endpoint_url")

    def test_a_switch_that_is_none_is_an_error(self) -> None:
        """Neither true nor false."""
        settings = settled({**REGION, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "yes"})
        with pytest.raises(ConfigurationError, match=r"\(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS\) is 'yes'"):
            settings.endpoint("kms")

    def test_a_services_section_that_is_missing_is_an_error(self) -> None:
        """The text names profile and section; where the section is not needed it is not missed."""
        settings = settled(REGION, "services = none\n")
        with pytest.raises(
            ConfigurationError, match=r"'default' refers to \[services none\], which does not exist"
        ):
            settings.endpoint("kms")
        assert settled({**REGION, **ALL}, "services = none\n").endpoint("kms") is not None

    def test_without_any_the_region_decides(self) -> None:
        """A service's address is its host in the region, the client's or another."""
        settings = settled(REGION)
        assert settings.endpoint("sts") is None
        assert settings.service_endpoint("sts", "sts") == ("https://sts.us-east-2.amazonaws.com", "us-east-2")
        expected = ("https://portal.sso.cn-north-1.amazonaws.com.cn", "cn-north-1")
        assert settings.service_endpoint("portal.sso", "sso", "cn-north-1") == expected

    def test_the_options_of_the_client_are_those_of_every_service(self) -> None:
        """FIPS, by flag or by the region's name, and dual-stack hold for each host; a custom one has neither."""
        settings = settled({"AWS_REGION": "fips-us-east-2", "AWS_USE_DUALSTACK_ENDPOINT": "true"})
        assert settings.service_endpoint("sts", "sts") == ("https://sts-fips.us-east-2.api.aws", "us-east-2")

    @pytest.mark.parametrize("service", ["kms", "sts", "sso", "sso_oidc"])
    @pytest.mark.parametrize("name", ["fips", "dualstack"])
    @pytest.mark.parametrize("by", ["variable", "profile", "region"])
    def test_an_endpoint_of_its_own_goes_before_fips_and_dual_stack(
        self, service: str, name: str, by: str
    ) -> None:
        """What was set for AWS's hosts says nothing of another; every other service keeps it."""
        environ, text = dict(REGION), ""
        if by == "variable":
            environ[f"AWS_USE_{name.upper()}_ENDPOINT"] = "true"
        elif by == "profile":
            text = f"use_{name}_endpoint = true\n"
        else:
            environ["AWS_REGION"] = "fips-us-east-2"
        settings = settled({**environ, f"AWS_ENDPOINT_URL_{service.upper()}": "http://own"}, text)
        assert settings.service_endpoint(service, service) == ("http://own", "us-east-2")
        for other in {"kms", "sts", "sso", "sso_oidc"} - {service}:
            assert re.search(r"-fips\.|\.api\.aws$", settings.service_endpoint(other, other)[0])

    @pytest.mark.parametrize("name", ["use_fips_endpoint", "use_dualstack_endpoint"])
    @pytest.mark.parametrize("endpoint", ["argument", "variable"])
    def test_who_asks_for_both_is_told(self, name: str, endpoint: str) -> None:
        """FIPS that a caller asks for does not get lost; what it asks of KMS is nothing to STS."""
        environ = {**REGION, "AWS_ENDPOINT_URL": "http://variable"} if endpoint == "variable" else REGION
        argument = "http://argument" if endpoint == "argument" else None
        options: dict[str, Any] = {name: True, "endpoint_url": argument}
        settings = settled(environ, **options)
        with pytest.raises(ConfigurationError, match="cannot be combined with FIPS or dual-stack"):
            settings.service_endpoint("kms", "kms")
        if endpoint == "variable":
            assert settings.service_endpoint("sts", "sts") == ("http://variable", "us-east-2")
        options = {"region": "fips-us-east-2", "endpoint_url": argument}
        with pytest.raises(ConfigurationError, match="cannot be combined with FIPS or dual-stack"):
            settled(environ, **options).service_endpoint("kms", "kms")

    def test_the_argument_for_fips_is_about_kms_alone(self) -> None:
        """Other services go by the environment and the profile, whatever a client asks of KMS."""
        settings = settled(REGION, use_fips_endpoint=True)
        assert settings.service_endpoint("kms", "kms")[0] == "https://kms-fips.us-east-2.amazonaws.com"
        assert settings.service_endpoint("sts", "sts")[0] == "https://sts.us-east-2.amazonaws.com"
        settings = settled({**REGION, "AWS_USE_FIPS_ENDPOINT": "true"}, use_fips_endpoint=False)
        assert settings.service_endpoint("kms", "kms")[0] == "https://kms.us-east-2.amazonaws.com"
        assert settings.service_endpoint("sts", "sts")[0] == "https://sts-fips.us-east-2.amazonaws.com"
        portal = settings.service_endpoint("portal.sso", "sso", "eu-west-1")
        assert portal == ("https://portal.sso-fips.eu-west-1.amazonaws.com", "eu-west-1")


def test_settings_show_nothing_of_the_files() -> None:
    """The shared files may hold keys, so a repr shows none of them."""
    shown = repr(settled({**REGION, "AWS_SESSION_TOKEN": "hidden"}, "aws_secret_access_key = hidden\n"))
    assert "hidden" not in shown


class TestFiles:
    """The shared files, as they lie on the disk."""

    @staticmethod
    def environ(tmp_path: Path) -> dict[str, str]:
        return {
            **REGION,
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys"),
        }

    def test_both_are_read_as_one(self) -> None:
        """Where the variables say, config first; a file that is not there is an empty one."""
        files = {Path("/c"): b"[default]\na = 1\nb = 1\n", Path("/k"): b"[default]\nb = 2\n"}
        environ = {"AWS_CONFIG_FILE": "/c", "AWS_SHARED_CREDENTIALS_FILE": "/k"}
        found = load_files(environ, files.get)
        assert found.sections == {"default": {"a": "1", "b": "2"}}
        assert found.notes.places == {"default": {"a": "/c, line 2", "b": "/k, line 2"}}
        assert load_files({"HOME": "/h"}, lambda path: None) == ({}, Notes({}))

    @pytest.mark.parametrize("kind", [KMSClient, AsyncKMSClient])
    @pytest.mark.parametrize("name", ["config", "keys"])
    @pytest.mark.parametrize(
        ("content", "telling"),
        [
            (b"[default]\nregion = a\nno property\n", "line 3: found a property without an equals sign"),
            (b"# x\n\n[default\n", "line 3: found a section header that does not end"),
            (b"[default]\nnote = caf\xe9\n", "is not UTF-8, from byte 20 on: save it as UTF-8"),
            (b"\xff\xfe[\x00d\x00", "is not UTF-8, from byte 0 on"),
        ],
    )
    def test_a_broken_file_is_told_by_the_constructor(
        self, tmp_path: Path, kind: Any, name: str, content: bytes, telling: str
    ) -> None:
        """The text names the path and where in it, also for the file whose properties nobody needs."""
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigurationError, match=telling) as caught:
            kind(environ=self.environ(tmp_path))
        assert str(tmp_path / name) in str(caught.value)
        assert caught.value.__context__ is None  # which would hold the whole file

    @pytest.mark.parametrize("kind", [KMSClient, AsyncKMSClient])
    @pytest.mark.parametrize("name", ["config", "keys"])
    def test_one_that_cannot_be_read_is_told_where_something_is_missed(
        self, tmp_path: Path, kind: Any, name: str
    ) -> None:
        """A directory in its place is no harm to who needs nothing of it; who misses something hears of it."""
        (tmp_path / name).mkdir()
        environ = self.environ(tmp_path)
        assert kind(environ=environ).region == "us-east-2"
        told = rf"{tmp_path / name} cannot be read \(.*\): check the path and its permissions"
        with pytest.raises(ConfigurationError, match=rf"^No region(.|\n)*{told}"):
            kind(environ={**environ, "AWS_REGION": ""})
        for options in ({"profile": "ops"}, {"environ": {**environ, "AWS_PROFILE": "ops"}}):
            with pytest.raises(ConfigurationError, match=rf"^{told}.* The profile 'ops' \(.*\) may be there"):
                kind(**{"environ": environ, **options})

    def test_one_that_is_named_and_missing_is_told_where_something_is_missed(self, tmp_path: Path) -> None:
        """Who moves a file to where there is none may have mistyped; without a variable a missing file is none."""
        environ = {**self.environ(tmp_path), "AWS_REGION": ""}
        with pytest.raises(ConfigurationError, match=r"^No region") as caught:
            KMSClient(environ=environ)
        assert f"\n  {tmp_path / 'config'} (AWS_CONFIG_FILE) does not exist" in str(caught.value)
        assert f"\n  {tmp_path / 'keys'} (AWS_SHARED_CREDENTIALS_FILE) does not exist" in str(caught.value)
        with pytest.raises(ConfigurationError, match="does not exist"):
            KMSClient(environ=environ, profile="ops")
        with pytest.raises(ConfigurationError, match=r"^No region") as caught:
            KMSClient(environ={"HOME": str(tmp_path)})
        assert "exist" not in str(caught.value)

    @pytest.mark.parametrize("kind", [KMSClient, AsyncKMSClient])
    @pytest.mark.parametrize(
        ("environ", "named"),
        [
            ({"AWS_REGION": 17}, r"environ\['AWS_REGION'\] .* int"),
            ({b"HOME": "/h"}, "b'HOME'"),
            ({"X": b"hidden"}, "X"),
        ],
    )
    def test_variables_are_text(self, kind: Any, environ: Any, named: str) -> None:
        """A mapping that holds anything else is refused; the text has the name and the type, and not the value."""
        with pytest.raises(ConfigurationError, match=named) as caught:
            kind(environ=environ)
        assert "hidden" not in str(caught.value)

    @pytest.mark.parametrize("kind", [KMSClient, AsyncKMSClient])
    def test_a_client_is_set_up_by_them(self, tmp_path: Path, kind: Any) -> None:
        """Region, flags and endpoint of a profile are the client's."""
        text = b"[profile a]\nregion = eu-west-1\nuse_fips_endpoint = true\n"
        text += b"[profile b]\nregion = eu-west-2\nendpoint_url = http://localhost:1/\n"
        (tmp_path / "config").write_bytes(text)
        environ = {name: value for name, value in self.environ(tmp_path).items() if name != "AWS_REGION"}
        first, second = kind(environ=environ, profile="a"), kind(environ={**environ, "AWS_PROFILE": "b"})
        assert (first.region, first.endpoint_url) == ("eu-west-1", "https://kms-fips.eu-west-1.amazonaws.com")
        assert (second.region, second.endpoint_url) == ("eu-west-2", "http://localhost:1")
