"""What a profile leads to, driven by hand: which of its means counts, and what is wrong with each."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from support.flow_world import World

from awskms_lite.config import parse
from awskms_lite.credentials import profile
from awskms_lite.credentials.source import NotConfigured, Resolved
from awskms_lite.errors import ConfigurationError, CredentialsError
from awskms_lite.identity import Credentials
from awskms_lite.service_clock import ServiceClock
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Call, Output, Read, Response, Run, Send

NOW = 1_790_000_000.0
STS = "https://sts.us-east-2.amazonaws.com"
METADATA = "http://169.254.169.254/latest"
OWN = "aws_access_key_id = AKIAOWN\naws_secret_access_key = secret-of-own\n"
BASE = "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = secret-of-base\n"
ROLE = "role_arn = arn:aws:iam::111122223333:role/Night\n"
SSO = (
    "sso_start_url = https://x.awsapps.com/start\nsso_region = us-east-2\nsso_account_id = 1\nsso_role_name = r\n"
)
LOGIN = "login_session = me\n"
PROCESS = "credential_process = /bin/keys --all\n"
TOKEN_FILE = "web_identity_token_file = /token\n"
PRINTED = Output(0, b'{"Version":1,"AccessKeyId":"AKIAPRINTED","SecretAccessKey":"s"}')


def assumed(name: str = "night") -> Response:
    """Return the answer of STS with the keys of a role."""
    body = (
        f"<A><Credentials><AccessKeyId>ASIA{name.upper()}</AccessKeyId><SecretAccessKey>secret-of-{name}"
        f"</SecretAccessKey><SessionToken>token-of-{name}</SessionToken><Expiration>2030-01-02T03:04:05Z</Expiration>"
        "</Credentials></A>"
    )
    return Response(200, {}, body.encode())


def load(
    text: str,
    world: World | None = None,
    *,
    environ: dict[str, str] | None = None,
    mfa: Callable[[str], str] | None = None,
    name: str | None = "ops",
) -> Resolved:
    """Follow the profile `ops`, or the default one, of a config file that begins with its properties."""
    parsed = parse(f"[profile {name or 'default'}]\n{text}", "config", source="/config")
    settings = resolve_settings(
        {"HOME": "/home", **(environ or {})}, parsed.sections, parsed.notes, profile=name, region="us-east-2"
    )
    return (world or World()).play(profile.load(settings, ServiceClock(lambda: NOW), lambda: 1.0, mfa))


def world_of_sts(*answers: Response) -> World:
    return World(answers={("POST", STS): answers or [assumed()]}, files={"/token": b"a.jwt"})


def forms(world: World) -> list[dict[str, list[str]]]:
    """Return the forms that STS was sent."""
    return [parse_qs(request.body.decode()) for request in world.requests]


def signers(world: World) -> list[str]:
    """Return the access key ids that signed the requests."""
    signatures = [dict(request.headers).get("Authorization", "") for request in world.requests]
    return [text.partition("Credential=")[2].partition("/")[0] for text in signatures]


def refusal(text: str, **options: Any) -> str:
    """Return the text of the error that a profile ends in before anything but an MFA code is asked for."""
    world = World()
    with pytest.raises(CredentialsError) as caught:
        load(text, world, **options)
    assert [step for step in world.steps if not isinstance(step, Call)] == []
    return str(caught.value)


class TestOrder:
    """A profile may hold several means; one of them counts."""

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            (ROLE + "source_profile = base\n" + SSO + OWN + LOGIN + PROCESS + BASE, Send),
            (ROLE + TOKEN_FILE + "source_profile = base\n" + SSO + OWN + LOGIN + PROCESS + BASE, Read("/token")),
            (SSO + OWN + LOGIN + PROCESS, "/home/.aws/sso/cache/"),
            (OWN + LOGIN + PROCESS, None),
            (LOGIN + PROCESS, "/home/.aws/login/cache/"),
            (PROCESS, Run),
        ],
        ids=["role", "web-identity", "sso", "keys", "login", "process"],
    )
    def test_the_first_of_several_means_counts(self, text: str, first: Any) -> None:
        """Role, web identity, Identity Center, keys, login, program: the first that is there is the one used."""
        world = World(answers={("POST", STS): assumed()}, files={"/token": b"a.jwt"}, outputs=[PRINTED])
        if isinstance(first, str):
            with pytest.raises(CredentialsError):
                load(text, world)
            (step,) = world.steps
            assert isinstance(step, Read)
            assert step.path.startswith(first)
            return
        found = load(text, world)
        assert isinstance(found, Credentials)
        if first is None:
            assert (found.access_key_id, world.steps) == ("AKIAOWN", [])
        else:
            assert world.steps[0] == first if isinstance(first, Read) else isinstance(world.steps[0], first)

    @pytest.mark.parametrize("text", ["", "region = eu-west-1\n", "mfa_serial = x\noutput = json\nx-y = 1\n"])
    @pytest.mark.parametrize("name", ["ops", None])
    def test_a_profile_without_any_means_is_passed_over(self, text: str, name: str | None) -> None:
        """Where nothing is said about credentials, another source may be asked."""
        assert load(text, name=name) == NotConfigured("it says nothing about credentials")

    @pytest.mark.parametrize(
        "text",
        [
            "role_arn =\nsource_profile = base\n",
            "web_identity_token_file =\n",
            "sso_session =\n",
            "aws_access_key_id =\naws_secret_access_key =\n",
            "aws_access_key_id =\n  nested = 1\n",
            "login_session =\n",
            "credential_process =\n",
            "source_profile = base\nexternal_id = x\n",
        ],
    )
    def test_a_blank_property_counts_as_missing(self, text: str) -> None:
        """A property that is set to nothing, or to sub-properties, is not set; who names the profile means it."""
        assert load(text, name=None) == NotConfigured("it says nothing about credentials")
        name = text.split(maxsplit=1)[0]
        assert f"/config, line 2: {name} " in refusal(text)


def chained(length: int, end: str) -> str:
    """Return profiles that each assume a role with the next one's credentials, and what the last of them holds."""
    link = "role_arn = arn:aws:iam::111122223333:role/R{0}\nsource_profile = p{0}\n[profile p{0}]\n"
    return "".join(map(link.format, range(length))) + end


class TestChains:
    """Profiles that lead to each other, however many."""

    def test_a_long_chain_is_followed_to_its_end_and_back(self) -> None:
        """Each role is assumed with the credentials of the one behind it, the last one's first."""
        world = world_of_sts()
        assert isinstance(load(chained(1500, OWN), world), Credentials)
        assert [form["RoleArn"][0].rpartition("/R")[2] for form in forms(world)] == [
            str(n) for n in reversed(range(1500))
        ]
        assert signers(world)[:2] == ["AKIAOWN", "ASIANIGHT"]

    def test_a_long_circle_is_told_in_short(self) -> None:
        """A circle is found before anything is asked, and its text stays readable."""
        told = refusal(chained(1500, f"{ROLE}source_profile = ops\n"))
        assert "The profiles ops -> p0 -> p1 -> p2 -> ... -> p1497 -> p1498 -> p1499 -> ops form a circle" in told

    def test_a_long_chain_that_breaks_off_names_its_last_link(self) -> None:
        """The profile that points to nowhere is the one to mend."""
        assert "'p1499' has source_profile = none, which does not exist" in refusal(
            chained(1500, f"{ROLE}source_profile = none\n")
        )


class TestOversights:
    """A line that does not count, and without which the profile would lead elsewhere."""

    @pytest.mark.parametrize(
        ("line", "meant"),
        [
            ("role-arn = arn:aws:iam::111122223333:role/Night", "role_arn"),
            ("RoleArn = arn:aws:iam::111122223333:role/Night", "role_arn"),
            ("role arn = arn:aws:iam::111122223333:role/Night", "role_arn"),
            ("role_arn: = arn:aws:iam::111122223333:role/Night", "role_arn"),
            ("role_arn\u00a0= arn:aws:iam::111122223333:role/Night", "role_arn"),
            ("aws-access-key-id = AKIAOWN", "aws_access_key_id"),
            ("aws_session_token : hidden=T==", "aws_session_token"),
            ("aws_session_token:hidden=", "aws_session_token"),
            ("credential-process = /bin/keys", "credential_process"),
            ("external\u200b_id = hidden", "external_id"),
        ],
    )
    @pytest.mark.parametrize("name", ["ops", None])
    @pytest.mark.parametrize("rest", ["", OWN])
    def test_a_line_that_is_dropped_is_named(self, line: str, meant: str, name: str | None, rest: str) -> None:
        """File and line are told, and the property; a profile is not used without a part of it, named or not."""
        told = refusal(f"{rest}{line}\n", name=name)
        assert f"/config, line {2 + rest.count(chr(10))} looks like {meant}, but" in told
        assert "hidden" not in told.lower()

    @pytest.mark.parametrize("rest", ["", OWN, PROCESS, TOKEN_FILE, "source_profile = base\n" + BASE])
    @pytest.mark.parametrize("blank", ["role_arn =\n", "role_arn = # later\n", "role_arn =\n  x = arn\n"])
    def test_a_blank_role_is_named_whatever_else_there_is(self, rest: str, blank: str) -> None:
        """Whoever names a profile with a role does not mean the keys beside it."""
        told = refusal(blank + rest)
        assert "The profile 'ops' would be used without one of its lines: /config, line 2: role_arn has no" in told

    @pytest.mark.parametrize("name", ["services own", "sso-session corp"])
    def test_no_other_kind_of_section_is_a_source(self, name: str) -> None:
        """A section is a profile by its kind, not by what it holds."""
        assert f"has source_profile = {name}, which does not exist" in refusal(
            f"{ROLE}source_profile = {name}\n[{name}]\n{OWN}"
        )

    def test_one_of_a_source_profile_is_named(self) -> None:
        """The whole way is looked at."""
        told = refusal(f"{ROLE}source_profile = base\n{BASE}aws_session_token : T==\n")
        assert "The profile 'base' would be used without one of its lines: /config, line 7 looks like" in told

    @pytest.mark.parametrize(
        ("line", "meant"),
        [
            ("role_arm = x", "role_arn"),
            ("source_profil = base", "source_profile"),
            ("aws_role_arn = x", "role_arn"),
            ("sso_sesion = x", "sso_session"),
            ("credentials_process = /bin/keys", "credential_process"),
        ],
    )
    def test_a_slip_in_a_profile_that_is_named_is_named(self, line: str, meant: str) -> None:
        """Where none of its lines leads anywhere, one that nearly does is the reason."""
        told = refusal(f"region = eu-west-1\n{line}\n")
        assert f"'ops' has no credentials: /config, line 3 looks like {meant}, but is spelt differently" in told
        assert load(line, name=None) == NotConfigured("it says nothing about credentials")

    @pytest.mark.parametrize("line", ["s3_use_arn_region = true", "sso_registration_scopes = x", "cli_pager = x"])
    def test_another_setting_is_no_slip(self, line: str) -> None:
        """A property that there is means itself."""
        assert isinstance(load(line), NotConfigured)


class TestOwnKeys:
    """Keys that stand in the profile."""

    def test_keys_are_taken_with_token_and_account(self) -> None:
        """All four properties are the credentials, and they say which profile they are of."""
        found = load(OWN + "aws_session_token = token-of-own\naws_account_id = 111122223333\n")
        assert found == Credentials(
            "AKIAOWN", "secret-of-own", "token-of-own", "111122223333", source="profile ops"
        )

    def test_a_pair_is_enough(self) -> None:
        """Token and account may be missing or blank, and such keys do not end."""
        found = load(OWN + "aws_session_token =\naws_account_id =\n")
        assert found == Credentials("AKIAOWN", "secret-of-own", source="profile ops")

    @pytest.mark.parametrize(
        ("text", "missing"),
        [
            ("aws_access_key_id = AKIAHALF\n", "aws_secret_access_key"),
            ("aws_access_key_id = AKIAHALF\naws_secret_access_key =\n", "aws_secret_access_key"),
            ("aws_secret_access_key = half-a-secret\n", "aws_access_key_id"),
        ],
    )
    @pytest.mark.parametrize("user", ["", ROLE + "source_profile = other\n[profile other]\n"])
    def test_half_a_pair_is_an_error(self, text: str, missing: str, user: str) -> None:
        """Half a pair names what is missing and not what is there, in a source profile too."""
        told = refusal(user + text)
        assert f"add {missing}, or remove both" in told
        assert repr("other" if user else "ops") in told
        assert "half-a-secret" not in told


class TestSourceProfile:
    """A role, assumed with what another profile leads to."""

    def test_a_role_is_assumed_with_the_keys_of_the_source(self) -> None:
        """The source's keys sign, and the role's keys come back under the name of the selected profile."""
        world = world_of_sts()
        found = load(ROLE + "source_profile = base\n" + BASE, world)
        assert isinstance(found, Credentials)
        assert (found.access_key_id, found.source) == ("ASIANIGHT", "profile ops")
        assert signers(world) == ["AKIABASE"]
        (form,) = forms(world)
        assert form.keys() == {"Action", "Version", "RoleArn", "RoleSessionName"}

    def test_what_the_profile_says_of_the_session_is_passed_on(self) -> None:
        """Session name, external id and duration stand in the request."""
        world = world_of_sts()
        text = "role_session_name = nightly\nexternal_id = of/a:partner\nduration_seconds = 43200\n"
        load(ROLE + "source_profile = base\n" + text + BASE, world)
        (form,) = forms(world)
        assert form["RoleSessionName"] == ["nightly"]
        assert form["ExternalId"] == ["of/a:partner"]
        assert form["DurationSeconds"] == ["43200"]

    def test_each_link_of_a_chain_signs_for_the_next(self) -> None:
        """The last source has keys; each role's keys assume the role before it."""
        world = world_of_sts(assumed("first"), assumed("second"))
        text = ROLE + "source_profile = mid\n[profile mid]\n" + ROLE + "source_profile = base\n" + BASE
        found = load(text, world)
        assert isinstance(found, Credentials)
        assert found.access_key_id == "ASIASECOND"
        assert signers(world) == ["AKIABASE", "ASIAFIRST"]

    @pytest.mark.parametrize("base", [ROLE + "source_profile = ops\n", SSO, PROCESS + LOGIN, ROLE + TOKEN_FILE])
    def test_the_keys_of_a_source_go_before_its_other_means(self, base: str) -> None:
        """A source that has keys is asked for nothing else, not even for a role of its own."""
        world = world_of_sts()
        load(ROLE + "source_profile = base\n" + BASE + base, world)
        assert signers(world) == ["AKIABASE"]
        assert len(world.steps) == 1

    def test_a_profile_may_be_its_own_source(self) -> None:
        """A profile that names itself and has keys assumes its role with them."""
        world = world_of_sts()
        found = load(ROLE + "source_profile = ops\n" + OWN, world)
        assert isinstance(found, Credentials)
        assert found.access_key_id == "ASIANIGHT"
        assert signers(world) == ["AKIAOWN"]

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("source_profile = ops\n", "ops -> ops"),
            ("source_profile = a\n[profile a]\n" + ROLE + "source_profile = ops\n", "ops -> a -> ops"),
            (
                "source_profile = a\n[profile a]\n"
                + ROLE
                + "source_profile = b\n[profile b]\n"
                + ROLE
                + "source_profile = a\n",
                "ops -> a -> b -> a",
            ),
        ],
    )
    def test_a_chain_without_an_end_is_an_error(self, text: str, path: str) -> None:
        """A loop is told with its whole path, and ends before anything is sent."""
        assert f"The profiles {path} form a circle" in refusal(ROLE + text)

    def test_a_source_that_is_not_there_is_an_error(self) -> None:
        """The text names the profile that refers and the one that is missing."""
        assert "'ops' has source_profile = nobody, which does not exist" in refusal(
            ROLE + "source_profile = nobody\n"
        )

    def test_a_source_without_credentials_is_an_error(self) -> None:
        """What would be passed over as a profile of its own is broken as a source."""
        told = refusal(ROLE + "source_profile = empty\n[profile empty]\nregion = eu-west-1\n")
        assert "the credentials of empty, which has none: it says nothing about credentials" in told

    @pytest.mark.parametrize(
        ("base", "key", "steps"),
        [
            (PROCESS, "AKIAPRINTED", [Run]),
            (ROLE + TOKEN_FILE, "ASIANIGHT", [Read, Send]),
        ],
    )
    def test_a_source_may_lead_on(self, base: str, key: str, steps: list[type]) -> None:
        """Keys of a program or of a web identity assume a role as well as any."""
        world = World(answers={("POST", STS): assumed()}, files={"/token": b"a.jwt"}, outputs=[PRINTED])
        load(ROLE + "source_profile = base\n[profile base]\n" + base, world)
        assert [type(step) for step in world.steps] == [*steps, Send]
        assert signers(world)[-1] == key

    @pytest.mark.parametrize(
        ("text", "which"),
        [("", "neither"), ("source_profile = base\ncredential_source = Environment\n", "both")],
    )
    def test_a_role_needs_one_of_the_two(self, text: str, which: str) -> None:
        """Both or neither of source_profile and credential_source do not say whose credentials are meant."""
        assert f"role_arn with {which} of source_profile and credential_source" in refusal(ROLE + text + BASE)

    def test_keys_that_could_not_sign_assume_nothing(self) -> None:
        """A source's key with a stray character is refused before it is used."""
        told = refusal(ROLE + "source_profile = base\n" + BASE.replace("AKIABASE", "AKIA BASE"))
        assert "access key id (profile base)" in told


class TestCredentialSource:
    """A role, assumed with what the machine has."""

    def test_the_environment(self) -> None:
        """Environment means the variables."""
        world = world_of_sts()
        environ = {"AWS_ACCESS_KEY_ID": "AKIASHELL", "AWS_SECRET_ACCESS_KEY": "s"}
        load(ROLE + "credential_source = Environment\n", world, environ=environ)
        assert signers(world) == ["AKIASHELL"]

    def test_the_container(self) -> None:
        """EcsContainer means the endpoint beside the container."""
        task = b'{"AccessKeyId":"ASIATASK","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-02T03:04:05Z"}'
        answers = {("POST", STS): assumed(), ("GET", "http://169.254.170.2/me"): Response(200, {}, task)}
        world = World(answers=answers)
        environ = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/me"}
        load(ROLE + "credential_source = EcsContainer\n", world, environ=environ)
        assert signers(world) == ["", "ASIATASK"]

    def test_the_instance(self) -> None:
        """Ec2InstanceMetadata means the instance's role."""
        keys = b'{"AccessKeyId":"ASIABOX","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-02T03:04:05Z"}'
        path = f"{METADATA}/meta-data/iam/security-credentials/"
        answers = {
            ("PUT", f"{METADATA}/api/token"): Response(200, {}, b"token"),
            ("GET", path): Response(200, {}, b"box"),
            ("GET", path + "box"): Response(200, {}, keys),
            ("POST", STS): assumed(),
        }
        world = World(answers=answers)
        load(ROLE + "credential_source = Ec2InstanceMetadata\n", world)
        assert signers(world) == ["", "", "", "ASIABOX"]

    @pytest.mark.parametrize(
        ("kind", "environ", "why"),
        [
            ("Environment", {}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"),
            ("EcsContainer", {}, "AWS_CONTAINER_CREDENTIALS_FULL_URI is set"),
            (
                "Ec2InstanceMetadata",
                {"AWS_EC2_METADATA_DISABLED": "true"},
                "AWS_EC2_METADATA_DISABLED is true",
            ),
        ],
    )
    def test_one_that_has_nothing_is_an_error(self, kind: str, environ: dict[str, str], why: str) -> None:
        """A source that was named and has nothing ends the search, with its reason."""
        told = refusal(ROLE + f"credential_source = {kind}\n", environ=environ)
        assert f"the credentials of {kind}, which has none: " in told
        assert why in told

    @pytest.mark.parametrize("kind", ["environment", "Ec2", "EcsContainer, Environment"])
    def test_another_value_is_an_error(self, kind: str) -> None:
        """The three values are told, in their spelling."""
        told = refusal(ROLE + f"credential_source = {kind}\n")
        assert f"credential_source = {kind}: it takes Environment, EcsContainer or Ec2InstanceMetadata" in told


class TestWebIdentity:
    """A role, assumed with a token file that the profile names."""

    def test_file_role_and_session_are_the_profiles(self) -> None:
        """The token of the file goes to STS unsigned, for the role and under the name that the profile says."""
        world = world_of_sts()
        found = load(ROLE + TOKEN_FILE + "role_session_name = pod\n", world)
        assert isinstance(found, Credentials)
        assert found.source == "profile ops"
        (form,) = forms(world)
        assert (form["Action"], form["WebIdentityToken"]) == (["AssumeRoleWithWebIdentity"], ["a.jwt"])
        assert form["RoleSessionName"] == ["pod"]
        assert signers(world) == [""]

    def test_a_token_file_without_a_role_is_an_error(self) -> None:
        """The text names the profile and what to add."""
        assert "'ops' has web_identity_token_file and no role_arn: add the role" in refusal(TOKEN_FILE)


class TestDuration:
    """How long a role's keys are to last."""

    @pytest.mark.parametrize("seconds", [900, 3600, 43200])
    def test_what_sts_takes_is_asked_for(self, seconds: int) -> None:
        """From a quarter of an hour to half a day."""
        world = world_of_sts()
        load(ROLE + f"source_profile = base\nduration_seconds = {seconds}\n" + BASE, world)
        assert forms(world)[0]["DurationSeconds"] == [str(seconds)]

    @pytest.mark.parametrize("text", ["899", "43201", "0", "-900", "1h", "9e2", "900.0", "²"])
    def test_anything_else_is_an_error(self, text: str) -> None:
        """A duration out of bounds, or none, is told before a request is made for it."""
        told = refusal(ROLE + f"source_profile = base\nduration_seconds = {text}\n" + BASE)
        assert f"duration_seconds = {text}: it takes 900 to 43200" in told


class TestMFA:
    """A role that asks for a person's device."""

    TEXT = ROLE + "source_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n" + BASE

    @pytest.mark.parametrize("given", ["123456", " 012345\n"])
    def test_the_code_is_asked_for_and_passed_on(self, given: str) -> None:
        """The callback gets the serial number once, and its trimmed code goes to STS with it."""
        world, asked = world_of_sts(), []

        def ask(serial: str) -> str:
            asked.append(serial)
            return given

        load(self.TEXT, world, mfa=ask)
        assert asked == ["arn:aws:iam::1:mfa/me"]
        (form,) = forms(world)
        assert (form["SerialNumber"], form["TokenCode"]) == (asked, [given.strip()])

    def test_without_a_callback_it_is_an_error(self) -> None:
        """Where there is nobody to ask, the text says how to pass somebody."""
        assert "MFA device arn:aws:iam::1:mfa/me: pass mfa=" in refusal(self.TEXT)

    @pytest.mark.parametrize("given", ["", "12345", "1234567", "12345a", "12 345", "١٢٣٤٥٦"])
    def test_what_is_no_code_is_an_error(self, given: str) -> None:
        """Six digits are a code; what came instead is not repeated."""
        told = refusal(self.TEXT, mfa=lambda serial: given)
        assert "is invalid: it has six digits" in told
        assert not given or given not in told

    def test_nobody_is_asked_where_the_source_is_broken(self) -> None:
        """A person is not troubled for a chain that leads nowhere."""

        def ask(serial: str) -> str:
            raise AssertionError("nobody was to be asked")

        refusal(ROLE + "source_profile = nobody\nmfa_serial = me\n", mfa=ask)


def test_the_program_has_the_account_of_the_profile() -> None:
    """aws_account_id is the account where the program names none, and the command is split into words."""
    world = World(outputs=[PRINTED])
    found = load(PROCESS + "aws_account_id = 111122223333\n", world)
    assert isinstance(found, Credentials)
    assert (found.access_key_id, found.account_id) == ("AKIAPRINTED", "111122223333")
    (step,) = world.steps
    assert isinstance(step, Run)
    assert step.argv == ("/bin/keys", "--all")


def test_a_login_session_is_read_from_its_cache() -> None:
    """`aws login` is asked for by the value of login_session."""
    world = World(files={})
    with pytest.raises(CredentialsError, match=r"aws login --profile ops"):
        load(LOGIN, world)
    assert isinstance(world.steps[0], Read)


def test_an_unfinished_set_up_of_identity_center_is_an_error() -> None:
    """One of its properties is enough to mean it, and the text names those that are missing."""
    with pytest.raises(ConfigurationError, match="lacks sso_start_url, sso_region, sso_role_name"):
        load("sso_account_id = 1\n" + OWN)
