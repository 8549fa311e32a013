"""The shared files: what is read from them, what is refused, and where they lie."""

import os
import re
import string
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from awskms_lite import config as config_module
from awskms_lite.config import (
    Kind,
    Section,
    Sections,
    expand_home,
    file_locations,
    home_directory,
    merge,
    parse,
    parse_config,
)
from awskms_lite.errors import ConfigurationError

KINDS: tuple[Kind, ...] = ("config", "credentials")
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

CONFIG: dict[str, tuple[str, Sections]] = {
    # sections
    "an empty text has no section": ("", {}),
    "a section may be empty": ("[profile a]\n[profile b]", {"a": {}, "b": {}}),
    "default needs no prefix": ("[default]\nregion = x", {"default": {"region": "x"}}),
    "any other profile needs its prefix": ("[a]\nregion = x\n[Default]\nregion = y", {}),
    "a prefix needs a blank behind it": ("[profilea]\nregion = x\n[sso-sessiona]\n[profile b]", {"b": {}}),
    "a tab separates the prefix too": ("[profile\ta]", {"a": {}}),
    "blanks in a header are trimmed": ("[ \tprofile \t a \t] \t", {"a": {}}),
    "other blanks are part of a name": ("[\xa0profile a]\n[profile b\xa0]\n[profile\x0bc]", {}),
    "a prefix alone names nothing": ("[profile]\nx = 1\n[profile ]\n[sso-session]\n[]\n[ ]", {}),
    "a prefix has its case": ("[Profile a]\n[SSO-Session b]", {}),
    "a name has its case": ("[profile A]\n[profile a]", {"A": {}, "a": {}}),
    "a name may hold these marks": ("[profile a-b:c/d_e%f.g@h+1]", {"a-b:c/d_e%f.g@h+1": {}}),
    "a section with a bad name is passed over": (
        "[profile a]\nx = 1\n[profile b c]\nx = 2\n y\nz =\n w = 3\n[profile d!]\n[profile e]\nx = 5",
        {"a": {"x": "1"}, "e": {"x": "5"}},
    ),
    "a section of an unknown kind is passed over": (
        "[plugins]\nx = 1\n[plugins a]\nx = 1\n[profile a]",
        {"a": {}},
    ),
    "the other kinds keep their prefix": (
        "[sso-session a]\nx = 1\n[profile a]\nsso_session = a\n[ services\ta ]\nkms =\n  endpoint_url = http://h",
        {
            "sso-session a": {"x": "1"},
            "a": {"sso_session": "a"},
            "services a": {"kms": {"endpoint_url": "http://h"}},
        },
    ),
    "a session named default is no profile": (
        "[default]\nx = 1\n[sso-session default]\nx = 2",
        {"default": {"x": "1"}, "sso-session default": {"x": "2"}},
    ),
    "a repeated section is merged": (
        "[profile a]\nx = 1\ny = 1\n[profile b]\n[ profile  a ]\nx = 2",
        {"a": {"x": "2", "y": "1"}, "b": {}},
    ),
    "a prefixed default replaces a later plain one": (
        "[profile default]\nx = 1\n[default]\ny = 2\n[profile default]\nz = 3",
        {"default": {"x": "1", "z": "3"}},
    ),
    "a prefixed default replaces an earlier plain one": (
        "[default]\ny = 2\n[profile default]\nx = 1",
        {"default": {"x": "1"}},
    ),
    "an empty prefixed default replaces too": ("[default]\ny = 2\n[profile default]", {"default": {}}),
    "a name may stand in quotes": (
        "[profile 'my prod']\n[profile \"a\"]\n[sso-session 'My Corp']\n[services\t'x y' ] # z\n[profile 'é!' ]",
        {"my prod": {}, "a": {}, "sso-session My Corp": {}, "services x y": {}, "é!": {}},
    ),
    "a quoted name may hold any mark": (
        "[profile 'a # b'] ; c\n[profile \"c]d\"]\n[profile 'o'\"'\"'brien']",
        {"a # b": {}, "c]d": {}, "o'brien": {}},
    ),
    "a quoted default is the default": ("[default]\nx = 1\n[profile 'default']\ny = 2", {"default": {"y": "2"}}),
    "a name that is quoted in part, or not to its end, is a bad one": (
        "[profile o'brien]\n[profile 'a' b]\n[profile 'a]\n[profile '']\n[profile ' ']\n[profile 'a' 'b']",
        {},
    ),
    "a quoted name is of no other kind": ("[profile 'services a']\nx = 1\n[profile 'sso-session a']\nx = 1", {}),
    # properties
    "names and values are trimmed": ("[default]\nx \t=  \ty z \t", {"default": {"x": "y z"}}),
    "blanks round the equals sign are optional": ("[default]\nx=1", {"default": {"x": "1"}}),
    "a value may hold equals signs": ("[default]\nx = a=b==", {"default": {"x": "a=b=="}}),
    "a value may hold brackets": ("[default]\nx = [profile a]", {"default": {"x": "[profile a]"}}),
    "a value may be empty": ("[default]\nx =\ny = ", {"default": {"x": "", "y": ""}}),
    "a value may hold any character": ("[default]\nx = ключ 😀", {"default": {"x": "ключ 😀"}}),
    "only space and tab are trimmed": ("[default]\nx = \xa0y\u3000", {"default": {"x": "\xa0y\u3000"}}),
    "names lose their case": ("[default]\nAws_Access_Key_ID = Ab", {"default": {"aws_access_key_id": "Ab"}}),
    "the last of two properties wins": ("[default]\nx = 1\nX = 2", {"default": {"x": "2"}}),
    "a property with a bad name is passed over": (
        "[default]\nx = 1\nx y = 2\n z\né = 3\nw =\nv w =\n u = 4",
        {"default": {"x": "1", "w": ""}},
    ),
    "a letter that is ascii only in lower case is a bad name": ("[default]\n\u212aey = 1", {"default": {}}),
    # comments
    "comment lines are passed over": (
        "# a\n;b\n[default]\n#c\n;\nx = 1\n; [profile a]",
        {"default": {"x": "1"}},
    ),
    "a comment may be indented": (
        " # a\n[default]\n\t; b\nx = 1\n # c\n y\nz =\n # d\n w = 2",
        {"default": {"x": "1\ny", "z": {"w": "2"}}},
    ),
    "a comment may touch a header": (
        "[profile a]# b\n[profile b];c ]\n[profile c] ; d",
        {"a": {}, "b": {}, "c": {}},
    ),
    "a comment in a value needs a blank before it": (
        "[default]\na = 1 # b ; c\nb = 1\t;\nc = 1#2\nd = 1;2 ;3 #4\ne = #\nf =#1",
        {"default": {"a": "1", "b": "1", "c": "1#2", "d": "1;2", "e": "", "f": "#1"}},
    ),
    # indented lines
    "an indented line continues the value": (
        "[default]\nx = 1\n y\n\t z\t \nw = 2",
        {"default": {"x": "1\ny\nz", "w": "2"}},
    ),
    "a continuation keeps a comment and an equals sign": (
        "[default]\nx = 1\n y = 2 # z",
        {"default": {"x": "1\ny = 2 # z"}},
    ),
    "a blank line ends nothing": (
        "\t \n[default]\n\nx = 1\n \t\n y\n\nz =\n\n w = 1\n \n v = 2",
        {"default": {"x": "1\ny", "z": {"w": "1", "v": "2"}}},
    ),
    "below an empty value stand sub-properties": (
        "[default]\ns3 =\n a = 1\n\tB\t=\t2=3\ns4 = # none\n c = 4",
        {"default": {"s3": {"a": "1", "b": "2=3"}, "s4": {"c": "4"}}},
    ),
    "a sub-property may be empty": (
        "[default]\ns3 =\n a =\n b = 1",
        {"default": {"s3": {"a": "", "b": "1"}}},
    ),
    "a sub-property may have any name": ("[default]\ns3 =\n a b = 1", {"default": {"s3": {"a b": "1"}}}),
    "the last of two sub-properties wins": (
        "[default]\ns3 =\n a = 1\n A = 2",
        {"default": {"s3": {"a": "2"}}},
    ),
    "a sub-property may have a comment": ("[default]\ns3 =\n a = 1#2 # 3", {"default": {"s3": {"a": "1#2"}}}),
    "a repeated property starts anew": (
        "[default]\ns3 =\n a = 1\ns3 =\n b = 2",
        {"default": {"s3": {"b": "2"}}},
    ),
    # lines
    "a line ends at any of three marks": (
        "[default]\r\nx = 1\ry = 2\n\r\n z\r\n",
        {"default": {"x": "1", "y": "2\nz"}},
    ),
    "nothing else ends a line": (
        "[default]\nx = 1\x0b\x0c\x85\u2028y = 2",
        {"default": {"x": "1\x0b\x0c\x85\u2028y = 2"}},
    ),
    "a line on which nothing is seen is blank": (
        "\u00a0\n[default]\n\u200b\nx = 1\n \u00a0\n y\n\u3000 \t\n",
        {"default": {"x": "1\ny"}},
    ),
    "a byte order mark is passed over": ("\ufeff[default]\nx = 1", {"default": {"x": "1"}}),
}

CREDENTIALS: dict[str, tuple[str, Sections]] = {
    "a profile has no prefix": ("[a]\nx = 1\n[  b\t]\n[default]", {"a": {"x": "1"}, "b": {}, "default": {}}),
    "a profile with a prefix is passed over": (
        "[profile a]\nx = 1\n[profile default]\nx = 2\n[b]",
        {"b": {}},
    ),
    "other kinds of section are passed over": ("[sso-session a]\nx = 1\n[services a]\n[b]", {"b": {}}),
    "a prefix without a blank is a name": (
        "[sso-sessiona]\nx = 1\n[profile]",
        {"sso-sessiona": {"x": "1"}, "profile": {}},
    ),
    "a bad name is passed over": ("[a b]\nx = 1\n[a!]\n[]\n[c]", {"c": {}}),
    "a name in quotes is a bad one": ("['a b']\n['a']", {}),
    "an ini file of the AWS CLI is read": (
        f"[default]\naws_access_key_id = AKID\naws_secret_access_key={SECRET}\n",
        {"default": {"aws_access_key_id": "AKID", "aws_secret_access_key": SECRET}},
    ),
}

# Each with the number of its broken line, and a word or two of what the error says about it.
BROKEN = {
    "a property before the first header": (f"\n{SECRET} = 1", 2, "before the first section header"),
    "a continuation before the first header": (f" {SECRET}", 1, "before the first section header"),
    "an indented header": (f" [{SECRET}]", 1, "not indented"),
    "a header without its end": (f"[default]\n[{SECRET}", 2, "does not end in ]"),
    "a header cut by a comment": (f"[{SECRET}#]", 1, "does not end in ]"),
    "text behind a header": (f"[default] {SECRET}", 1, "only a comment may follow"),
    "a property without an equals sign": (f"[default]\nx : {SECRET}", 2, "property without an equals sign"),
    "an equals sign in a comment": (f"[default]\nx # = {SECRET}", 2, "property without an equals sign"),
    "a property without a name": (f"# a\r\n[default]\r\n= {SECRET}", 3, "property without a name"),
    "a continuation right below a header": (f"[default]\n {SECRET}", 2, "no property above"),
    "a continuation across a header": (f"[default]\nx = 1\n[default]\n {SECRET}", 4, "no property above"),
    "a sub-property without an equals sign": (
        f"[default]\nx =\n {SECRET}",
        3,
        "sub-property without an equals",
    ),
    "a second sub-property without an equals sign": (
        f"[default]\nx =\n a = {SECRET}\n {SECRET}",
        4,
        "sub-property without an equals",
    ),
    "a sub-property without a name": (f"[default]\nx =\n = {SECRET}", 3, "sub-property without a name"),
    "a broken line in a section passed over": (f"[a b]\n{SECRET}", 2, "property without an equals sign"),
    "a broken line below a property passed over": (f"[default]\nx y =\n {SECRET}", 3, "sub-property"),
}


def _cases(table: dict[str, tuple[str, Sections]]) -> list[object]:
    return [pytest.param(*case, id=name.replace(" ", "-")) for name, case in table.items()]


@pytest.mark.parametrize(("text", "sections"), _cases(CONFIG))
def test_a_config_file_is_read(text: str, sections: Sections) -> None:
    """The config file's text gives these sections."""
    assert parse_config(text, "config") == sections


@pytest.mark.parametrize(("text", "sections"), _cases(CREDENTIALS))
def test_a_credentials_file_is_read(text: str, sections: Sections) -> None:
    """The credentials file's text gives these sections."""
    assert parse_config(text, "credentials") == sections


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("text", "line", "what"), BROKEN.values(), ids=[name.replace(" ", "-") for name in BROKEN]
)
def test_a_broken_line_is_named_but_not_quoted(text: str, line: int, what: str, kind: Kind) -> None:
    """The error gives path, line number, finding and remedy, and nothing of the line itself."""
    with pytest.raises(ConfigurationError) as caught:
        parse_config(text, kind, source="/a/file")
    message = str(caught.value)
    assert message.startswith(f"/a/file, line {line}: found ")
    assert what in message
    assert SECRET not in message
    assert caught.value.__context__ is None


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_path_the_error_names_the_kind_of_file(kind: Kind) -> None:
    """A text of unknown origin is at least told to be one of the two files."""
    with pytest.raises(ConfigurationError, match=f"^the shared {kind} file, line 1: "):
        parse_config("x", kind)


blanks = st.text(" \t", max_size=2)
names = st.text(string.ascii_lowercase + string.digits + "-_/.%@:+", min_size=1, max_size=12)
exotic = "\x00\x0b\x85\xa0é\u2028\u212a\ufeff😀\ud800"  # what Unicode calls blanks and line ends among it
values = st.text("abAB01=[]:/#; \t" + exotic, max_size=12).map(
    lambda text: re.sub(r"(^|[ \t])[#;][ \t#;]*", r"\1", text).strip(" \t")  # no comment in it, and none round it
)
sections = st.dictionaries(
    names, st.dictionaries(names, values | st.dictionaries(names, values, min_size=1), max_size=4), max_size=4
)
broken_text = st.lists(
    st.sampled_from([*"[]=#; \t\n\r\ufeff", "profile ", "default", "[default]\n", "x = ", "\n x"])
    | st.text("aK9é" + exotic, max_size=3)
).map("".join)


def _written(sections: Sections, kind: Kind, blank: str) -> str:
    prefix = "profile " if kind == "config" else ""
    lines: list[str] = []
    for name, section in sections.items():
        lines.append(f"[{blank}{prefix}{name}{blank}]{blank}")
        for key, value in section.items():
            if isinstance(value, str):
                lines.append(f"{key}{blank}={blank}{value}{blank}")
            else:
                lines += [
                    f"{key}{blank}=",
                    *(f" {blank}{sub}{blank}={blank}{text}" for sub, text in value.items()),
                ]
    return "\n".join(lines)


def _refusal(text: str, kind: Kind) -> str:
    try:
        parse_config(text, kind)
    except ConfigurationError as error:
        return str(error)
    return ""


@given(broken_text, st.sampled_from(KINDS))
def test_any_text_is_read_or_refused(text: str, kind: Kind) -> None:
    """No text makes anything but sections or a `ConfigurationError` with a line number."""
    refusal = _refusal(text, kind)
    assert not refusal or re.match(rf"the shared {kind} file, line \d+: found ", refusal)


@given(sections, st.sampled_from(KINDS), blanks, st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_is_written_out_is_read_back(sections: Sections, kind: Kind, blank: str, end: str) -> None:
    """Sections survive the way to a file and back, with whatever blanks and line ends."""
    assert parse_config(_written(sections, kind, blank).replace("\n", end), kind) == sections


@given(st.text(string.ascii_letters + string.digits + "/+=", min_size=20, max_size=40), broken_text, broken_text)
def test_no_error_tells_a_secret(secret: str, before: str, after: str) -> None:
    """Wherever in a broken file a secret stands, the error does not hold it."""
    assert secret not in _refusal(f"{before}{secret}{after}", "credentials")


def test_the_credentials_file_wins_property_by_property() -> None:
    """Both files' properties are there; where both have one it is the credentials file's."""
    config: Sections = {
        "a": {"x": "1", "y": "1", "s3": {"p": "1"}},
        "b": {"x": "1"},
        "sso-session s": {"x": "1"},
    }
    credentials: Sections = {"a": {"x": "2", "z": "2", "s3": {"q": "2"}}, "c": {"x": "2"}}
    assert merge(config, credentials) == {
        "a": {"x": "2", "y": "1", "z": "2", "s3": {"q": "2"}},
        "b": {"x": "1"},
        "c": {"x": "2"},
        "sso-session s": {"x": "1"},
    }


def test_a_prefixed_default_does_not_hide_the_credentials_files_default() -> None:
    """`[profile default]` replaces what the config file says, and no more."""
    config = parse_config("[default]\nx = 1\n[profile default]\ny = 2", "config")
    credentials = parse_config("[default]\nz = 3", "credentials")
    assert merge(config, credentials) == {"default": {"y": "2", "z": "3"}}


few_names = st.sampled_from("ab")  # so that both sides have the same ones
few_sections = st.dictionaries(
    few_names, st.dictionaries(few_names, st.sampled_from("12") | st.dictionaries(few_names, st.just("3")))
)


@given(few_sections, few_sections)
def test_merging_changes_neither_side(config: Sections, credentials: Sections) -> None:
    """What went in is afterwards what it was, and what came out is independent of it."""
    before = {name: dict(section) for name, section in config.items()}
    merged = merge(config, credentials)
    for section in merged.values():
        section.clear()
    assert config == before
    assert merge({}, credentials) == credentials
    assert merge(config, {}) == config


UNIX = {"HOME": "/home/user", "USERPROFILE": "no", "HOMEDRIVE": "no", "HOMEPATH": "no"}
WINDOWS_HOME = r"C:\users\user"
ELSEWHERE = {"AWS_CONFIG_FILE": "/other/c", "AWS_SHARED_CREDENTIALS_FILE": "~/c"}


@pytest.mark.parametrize(
    ("environ", "config", "credentials"),
    [
        pytest.param(UNIX, "/home/user/.aws/config", "/home/user/.aws/credentials", id="home-is-HOME"),
        pytest.param({"HOME": "/"}, "/.aws/config", "/.aws/credentials", id="home-is-the-root"),
        pytest.param({"HOME": "/h/"}, "/h/.aws/config", "/h/.aws/credentials", id="home-ends-in-a-slash"),
        pytest.param(UNIX | ELSEWHERE, "/other/c", "/home/user/c", id="both-moved"),
        pytest.param({"AWS_CONFIG_FILE": "/c"}, "/c", os.devnull, id="one-moved-and-no-home"),
        pytest.param({"HOME": "/h", "AWS_CONFIG_FILE": " "}, "/h/.aws/config", "/h/.aws/credentials", id="blank"),
        pytest.param({"HOME": "/h", "AWS_CONFIG_FILE": "~"}, "/h", "/h/.aws/credentials", id="only-a-tilde"),
        pytest.param({"HOME": "/h", "AWS_CONFIG_FILE": "~u/c"}, "~u/c", "/h/.aws/credentials", id="another-users"),
        pytest.param({"HOME": "/h", "AWS_CONFIG_FILE": "a/~/c"}, "a/~/c", "/h/.aws/credentials", id="inner-tilde"),
        pytest.param({"HOME": "/h", "AWS_CONFIG_FILE": "."}, ".", "/h/.aws/credentials", id="a-dot"),
        pytest.param({"HOME": "/h", "AWS_PROFILE": "p"}, "/h/.aws/config", "/h/.aws/credentials", id="a-profile"),
    ],
)
def test_the_files_lie_here(environ: dict[str, str], config: str, credentials: str) -> None:
    """The environment alone decides where the two files are."""
    assert file_locations(environ, windows=False) == (Path(config), Path(credentials))


@pytest.mark.parametrize(
    ("environ", "config", "credentials"),
    [
        pytest.param({"AWS_CONFIG_FILE": r"C:\o\c"}, r"C:\o\c", rf"{WINDOWS_HOME}\.aws\credentials", id="config"),
        pytest.param(
            {"AWS_SHARED_CREDENTIALS_FILE": "~/o/c"},
            rf"{WINDOWS_HOME}\.aws\config",
            rf"{WINDOWS_HOME}\o\c",
            id="slash",
        ),
        pytest.param(
            {"AWS_CONFIG_FILE": r"~\o"},
            rf"{WINDOWS_HOME}\o",
            rf"{WINDOWS_HOME}\.aws\credentials",
            id="backslash",
        ),
    ],
)
def test_on_windows_the_files_lie_here(environ: dict[str, str], config: str, credentials: str) -> None:
    """A path is spelt in the platform's own way, and `~` may be followed by either slash."""
    located = file_locations(environ | {"USERPROFILE": WINDOWS_HOME}, windows=True)
    assert tuple(map(str, located)) == (config, credentials)


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        pytest.param({"HOME": WINDOWS_HOME, "USERPROFILE": "no"}, WINDOWS_HOME, id="HOME-first"),
        pytest.param(
            {"HOME": "", "USERPROFILE": WINDOWS_HOME, "HOMEDRIVE": "no"}, WINDOWS_HOME, id="then-USERPROFILE"
        ),
        pytest.param({"HOMEDRIVE": "C:", "HOMEPATH": r"\users\user"}, WINDOWS_HOME, id="then-drive-and-path"),
        pytest.param({"HOMEDRIVE": "C:"}, None, id="no-drive-alone"),
        pytest.param({"HOMEPATH": r"\users\user"}, None, id="no-path-alone"),
    ],
)
def test_the_home_directory_on_windows(environ: dict[str, str], home: str | None) -> None:
    """Windows has three places to say where home is, asked in this order."""
    assert home_directory(environ, windows=True) == home


USERS = {None: "/home/me", "other": "/srv/other"}


@pytest.fixture
def _users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put two users into the database, one of whom runs this."""
    monkeypatch.setattr(config_module, "home_in_database", lambda user=None: USERS.get(user))


@pytest.mark.usefixtures("_users")
@pytest.mark.parametrize(
    ("environ", "config"),
    [
        ({}, "/home/me/.aws/config"),
        ({"HOME": " "}, "/home/me/.aws/config"),
        ({"AWS_CONFIG_FILE": "~/c"}, "/home/me/c"),
        ({"HOME": "/h"}, "/h/.aws/config"),
        ({"HOME": "/h", "AWS_CONFIG_FILE": "~other/c"}, "/srv/other/c"),
        ({"AWS_CONFIG_FILE": "~other"}, "/srv/other"),
        ({"AWS_CONFIG_FILE": "~nobody/c"}, "~nobody/c"),
        ({"AWS_CONFIG_FILE": "/a/~other/c"}, "/a/~other/c"),
    ],
)
def test_the_user_database_knows_homes_too(environ: dict[str, str], config: str) -> None:
    """A process without HOME has its user's home, and any user's can be named; Windows has no such thing."""
    assert file_locations(environ, windows=False)[0] == Path(config)
    assert home_directory({}, windows=True) is None
    assert expand_home("~other/c", {}, windows=True) == r"~other\c"


def test_the_user_database_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says is what Python itself makes of `~USER`; of a user that there is not it says nothing."""
    pwd = pytest.importorskip("pwd", reason="Windows has no such database")
    monkeypatch.undo()
    names = {entry.pw_name: entry.pw_dir for entry in pwd.getpwall()}
    for name in names:
        assert config_module.home_in_database(name) == os.path.expanduser(f"~{name}")  # noqa: PTH111
    assert config_module.home_in_database() == pwd.getpwuid(os.getuid()).pw_dir
    assert config_module.home_in_database("no such user") is None
    assert config_module.home_in_database("\0") is None


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": " "}, {"USERPROFILE": "/u"}])
def test_without_a_home_the_default_files_are_empty(environ: dict[str, str]) -> None:
    """No home directory is no error, and nothing is looked for in the working directory instead."""
    located = file_locations(environ, windows=False)
    assert located == (Path(os.devnull), Path(os.devnull))
    assert located[0].read_text() == ""


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_tilde_without_a_home_is_refused(variable: str) -> None:
    """Whoever writes `~` means a home directory, so its lack is told with the variable's name."""
    with pytest.raises(ConfigurationError, match=rf"{variable}.*HOME"):
        file_locations({variable: "~/c"}, windows=False)


def test_the_platform_is_this_one_unless_told() -> None:
    """Without `windows` the paths are those of the platform that runs."""
    home = str(Path("/home/user"))
    assert file_locations({"HOME": home}) == (Path(home, ".aws/config"), Path(home, ".aws/credentials"))
    assert home_directory({"HOME": home}) == home


CONFIG_KINDS = "a section of the config file is [profile NAME], [sso-session NAME], [services NAME] or [default]"
NO_PREFIX = "a section of the credentials file is that of a profile, and has no prefix: [NAME]"
BLANK = "its name holds a blank"
NOT_ALLOWED = "its name holds a character beside letters, digits and -_/.%@:+"
AS_IT_STANDS = f"{NOT_ALLOWED}, and is found only as it stands"
NO_BREAK = "its name holds U+00A0 (NO-BREAK SPACE)"


class TestExactly:
    """A section whose name is not allowed, and who asks for exactly that name."""

    @pytest.mark.parametrize(
        ("text", "kind", "key"),
        [
            ("[profile my prod]", "config", "my prod"),
            ("[profile büro]", "config", "büro"),
            ("[profile foo!bar]", "config", "foo!bar"),
            ("[profile o'brien]", "config", "o'brien"),
            ("[sso-session My Corp]", "config", "sso-session My Corp"),
            ("[services my own]", "config", "services my own"),
            ("[profile 'my prod']", "config", "my prod"),
            ("[my prod]", "credentials", "my prod"),
            ("[ o'brien\t]", "credentials", "o'brien"),
            ("['my prod']", "credentials", "'my prod'"),
        ],
    )
    def test_it_is_kept_under_that_name(self, text: str, kind: Kind, key: str) -> None:
        """What `parse_config` passes over is there for who knows it."""
        assert parse(f"{text}\nx = 1", kind).sections == {key: {"x": "1"}}

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("[profile a]", "credentials"),
            ("[services a]", "credentials"),
            ("[profile services a]", "config"),
            ("[a]", "config"),
            ("[Profile a]", "config"),
            ("[profile\u00a0a]", "config"),
            ("[profile]", "config"),
            ("[]", "credentials"),
        ],
    )
    def test_one_of_another_kind_is_not_kept(self, text: str, kind: Kind) -> None:
        """Nothing can be asked for that is no profile, session or services section of its file."""
        assert parse(f"{text}\nx = 1", kind).sections == {}

    def test_both_files_know_it(self) -> None:
        """The AWS CLI writes the name in quotes into the one and bare into the other."""
        config = parse("[profile 'my prod']\nx = 1", "config")
        credentials = parse("[my prod]\ny = 2", "credentials")
        assert merge(config.sections, credentials.sections) == {"my prod": {"x": "1", "y": "2"}}


class TestNotes:
    """What is known of the files beside their sections."""

    def test_each_property_has_its_place(self) -> None:
        """The line that counts, of two the later one, and of `[default]` the one that replaces the other."""
        text = "[profile a]\nx = 1\nY =\n z = 2\n[default]\nx = 1\n[profile default]\nv = 1\n[profile a]\nX = 3\n"
        assert parse(text, "config", source="/c").notes.places == {
            "a": {"x": "/c, line 10", "y": "/c, line 3"},
            "default": {"v": "/c, line 8"},
        }

    @pytest.mark.parametrize(
        ("header", "kind", "missed", "why"),
        [
            ("[a]", "config", "a", CONFIG_KINDS),
            ("[Profile a]", "config", "a", CONFIG_KINDS),
            ("[profile\u00a0a]", "config", "a", NO_BREAK),
            ("[sso_session My-Corp]", "config", "sso-session My Corp", CONFIG_KINDS),
            ("[profile a\u00a0]", "config", "a", f"{NO_BREAK}, and is found only as it stands"),
            ("[profile my prod]", "config", "my-prod", f"{BLANK}, and is found only as it stands"),
            ("[profile a!]", "config", "a", AS_IT_STANDS),
            ("[profile a]", "credentials", "a", NO_PREFIX),
            ("['my prod']", "credentials", "my prod", f"{BLANK}, and is found only as it stands"),
        ],
    )
    def test_a_section_that_is_passed_over_is_known_by_who_misses_it(
        self, header: str, kind: Kind, missed: str, why: str
    ) -> None:
        """Line and reason, where the name is the same but for marks, blanks and case; the file is not quoted."""
        notes = parse(f"[b]\n{header}\nx = 1", kind, source="/c").notes
        assert f"\n  /c, line 2: ignored, because {why}" in notes.missed(missed)
        assert notes.missed("another") == ""

    def test_a_line_that_is_passed_over_is_known_by_who_misses_it(self) -> None:
        """By section and property, or by the section alone; where several are, each in its line."""
        notes = parse("[default]\nregion\u00a0= x\nY Z = 2\n[profile b]\nregion! = 3", "config", source="/c").notes
        told = f"\n  /c, line 2: ignored, because {NO_BREAK}"
        assert notes.missed("default", "region") == told
        assert notes.missed("default") == f"{told}\n  /c, line 3: ignored, because {BLANK}"
        assert notes.missed("default", "output") == ""
        assert notes.missed("b", "region") == f"\n  /c, line 5: ignored, because {NOT_ALLOWED}"

    def test_what_replaces_the_default_replaces_its_notes(self) -> None:
        """Lines of the section that does not count are not missed."""
        text = "[default]\nx! = 1\n[profile default]\ny! = 1"
        notes = parse(text, "config", source="/c").notes
        assert notes.missed("default") == f"\n  /c, line 4: ignored, because {NOT_ALLOWED}"

    @pytest.mark.parametrize("line", ["region\u00a0x", "\u00a0[default]", "a\u00a0\u200b\u200c\u200d\u200e"])
    def test_an_error_names_what_is_not_seen(self, line: str) -> None:
        """A broken line may look whole."""
        with pytest.raises(ConfigurationError, match=r"The line holds U\+00A0 \(NO-BREAK SPACE\).*: take it out"):
            parse_config(f"[default]\n{line}", "config")

    @given(broken_text, st.sampled_from(KINDS), st.text(string.ascii_letters + "+/:_-", min_size=20, max_size=40))
    def test_no_note_tells_a_secret(self, text: str, kind: Kind, secret: str) -> None:
        """Wherever a line is passed over, its note holds nothing of it; nor does an error."""
        text = f"[default]\nx{secret}! = {secret}\n{secret} : {secret}==\n[profile {secret}!]\n{text}"
        with suppress(ConfigurationError):
            notes = parse(text, kind, source="/c").notes
            assert len(notes.omissions) >= 2
            assert not any(secret in str(note) for note in notes.omissions)
        assert secret not in _refusal(text, kind)


def test_a_section_is_a_plain_dict() -> None:
    """Nothing but builtins comes out, so the result can be printed, compared and pickled."""
    section: Section = parse_config("[default]\nx = 1", "config")["default"]
    assert type(section) is dict


def test_a_value_of_many_lines_is_put_together_once() -> None:
    """Each line is copied once, however many continue a value: a file of megabytes is read in seconds."""
    parser = config_module._Parser("config", "a test")
    for line in ["[default]", "note = first", *(f"  line {number}" for number in range(1000))]:
        parser.read(line)
        assert parser._sections["default"].get("note", "first") == "first"
    assert str(parser.parsed().sections["default"]["note"]).splitlines()[1000] == "line 999"
