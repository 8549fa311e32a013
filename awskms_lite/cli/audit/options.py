"""The options of `awskms-lite audit`."""

import argparse
from collections.abc import Iterable, Sequence
from shlex import quote
from typing import TYPE_CHECKING, Any

from ...costs import MAX_PRICE, PRICE, PRICE_AS_OF, check_price
from ...errors import ParameterError
from ...report.order import GROUP_KEYS, SORT_KEYS
from ...verdicts import MAX_IDLE_DAYS, MEANINGS
from .outputs import FORMATS, Output

if TYPE_CHECKING:
    from ...audit import KeyFilter

_MAX_DIGITS = len(str(MAX_IDLE_DAYS))
_NOT_WITH_SAVED = (
    "all_regions", "role_arn", "accounts", "organization", "role_name", "profile", "endpoint_url", "checkpoint",
    "cloudtrail", "rotations", "with_tags",
)  # fmt: skip

_SAVED_FILTERS = ("region", "account")
"""Filters of a saved report; of an audit they say what to read."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all options, in groups."""
    _add_targets(parser.add_argument_group("what to audit"))
    _add_details(parser.add_argument_group("what else to ask about each key"))
    _add_filters(parser.add_argument_group("which keys to report", "each can be given several times"))
    _add_judgement(parser.add_argument_group("how to judge"))
    _add_output(parser.add_argument_group("output"))


class _Once(argparse.Action):
    """An option for one file: given twice, the first would be ignored silently."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"argument {option}: given twice; put all of it into one file")
        setattr(namespace, self.dest, values)


def _add_targets(group: Any) -> None:
    regions = group.add_mutually_exclusive_group()
    regions.add_argument(
        "--region",
        action="extend",
        type=_words,
        metavar="REGION",
        help="a region; several with commas, or give it again (default: AWS_REGION, else the profile's); with "
        "--from the regions to report",
    )
    regions.add_argument(
        "--all-regions", action="store_true", help="every region of the partition, each named in the summary"
    )
    group.add_argument(
        "--role-arn",
        action="append",
        metavar="ARN",
        help="assume this role to audit its account; give it again for more accounts (default: your own account)",
    )
    group.add_argument(
        "--accounts",
        action=_Once,
        metavar="FILE",
        help="a file of role ARNs, one a line, each with a name for its account behind it if you like, with "
        "# comments; - reads standard input",
    )
    group.add_argument(
        "--organization",
        action="store_true",
        help="audit every account of your organization: your own, and each other one by the role of --role-name",
    )
    group.add_argument(
        "--role-name", metavar="NAME", help="what the role of --organization is called in every account"
    )
    group.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="keep each answer in this file; the same command then continues where an earlier run ended",
    )
    group.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        action=_Once,
        help="judge a report of --output jsonl or json again, as of when its keys were read, without any "
        "request; - reads standard input",
    )


def _add_details(group: Any) -> None:
    group.add_argument("--with-tags", "--tags", action="store_true", help="read the tags of each reported key")
    group.add_argument(
        "--owner-tag",
        action="append",
        type=_tag_key,
        default=[],
        metavar="NAME",
        help="a tag that names the owner of a key; give it again for others, the first one that a key has counts "
        "(implies --with-tags). With --cloudtrail, a key without one belongs to who created it, 90 days back",
    )
    group.add_argument(
        "--cloudtrail",
        action="store_true",
        help="ask CloudTrail who used each key last, whether one that seems unused was used after all, and who "
        "was refused one that is disabled or about to be deleted (2 requests a second, 90 days back)",
    )
    group.add_argument(
        "--rotations",
        action="store_true",
        help="count the rotations of each key, which are billed: without them its cost is a minimum",
    )


def _add_filters(group: Any) -> None:
    group.add_argument("--manager", action="append", type=_manager, help="AWS or CUSTOMER")
    group.add_argument("--state", action="append", type=_state, help="a key state: Enabled, Disabled, ...")
    group.add_argument(
        "--tag",
        action="append",
        type=_filled,
        metavar="KEY[=VALUE]",
        help="keys with this tag (reads the tags of each key; AWS managed keys have none)",
    )
    group.add_argument(
        "--alias", action="append", type=_filled, metavar="PATTERN", help="keys with such an alias: 'prod-*'"
    )
    group.add_argument(
        "--account",
        action="extend",
        type=_words,
        metavar="ID",
        help="with --from: keys of this account; several with commas",
    )
    group.add_argument(
        "--verdict",
        action="extend",
        type=_verdicts,
        default=[],
        metavar="VERDICT",
        help="show only keys with this verdict; several with commas. Summary and exit code are those of all keys",
    )
    group.add_argument(
        "--allow-empty",
        action="store_true",
        help="accept filters that match none of the keys (default: exit with 2)",
    )


def _add_judgement(group: Any) -> None:
    group.add_argument(
        "--idle-days",
        type=_days,
        default=90,
        metavar="N",
        help="a key not used for N days is idle (default: 90)",
    )
    group.add_argument(
        "--price",
        type=_price,
        default=PRICE,
        metavar="USD",
        help=f"what a key costs a month, in US dollars (default: {PRICE:g}, AWS's price as of {PRICE_AS_OF})",
    )
    group.add_argument(
        "--fail-on",
        action="extend",
        type=_verdicts,
        default=[],
        metavar="VERDICT",
        help=f"exit with 1 if any key gets this verdict; several with commas: {', '.join(MEANINGS)}",
    )


def _add_output(group: Any) -> None:
    group.add_argument(
        "--output",
        action="append",
        type=_output,
        metavar="FORMAT[:FILE]",
        help=f"{', '.join(FORMATS)}; give it again for several from one run, with a FILE for all but one of them "
        "(default: table on standard output)",
    )
    group.add_argument(
        "--sort",
        type=_sort_key,
        metavar="KEY",
        help=f"the order of all reports: {', '.join(SORT_KEYS)}; from high to low as --sort=-KEY (default: a "
        "table begins with what there is something to do about, all else is as the keys come)",
    )
    group.add_argument(
        "--group-by",
        type=_group_key,
        metavar="KEY",
        help=f"put the keys into groups, with totals in the table: {', '.join(GROUP_KEYS)}",
    )
    group.add_argument(
        "--columns",
        type=_columns,
        metavar="NAME[,NAME]",
        help="the columns of csv, or all, or short (default: all on standard output, short in a file)",
    )


def check_source_options(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """End with an error for an option that only an audit of KMS, or only a saved report, has a use for.

    So too for accounts that are named beside an organization, and for an organization without its role.
    """
    if arguments.source is None:
        if arguments.account:
            parser.error("argument --account: chooses keys of --from FILE; name accounts to audit with --role-arn")
        _check_organization(parser, arguments)
        return
    given = [name for name in _NOT_WITH_SAVED if getattr(arguments, name) not in (None, False)]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        parser.error(f"argument --from: sends no requests, so it cannot be combined with {option}")


def _check_organization(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.organization and arguments.role_name is None:
        parser.error("argument --organization: needs --role-name, the role to assume in each account")
    if arguments.role_name is not None and not arguments.organization:
        parser.error("argument --role-name: is for --organization; --role-arn names a role by its ARN")
    for option in ("role_arn", "accounts"):
        if arguments.organization and getattr(arguments, option) is not None:
            name = option.replace("_", "-")
            parser.error(f"argument --organization: finds the accounts, so it cannot be combined with --{name}")


def key_filter(arguments: argparse.Namespace) -> "KeyFilter":
    """Return the filter of these options."""
    from ...audit import KeyFilter

    return KeyFilter(
        managers=arguments.manager or (),
        states=arguments.state or (),
        aliases=arguments.alias or (),
        tags=arguments.tag or (),
    )


def filters_in_force(arguments: argparse.Namespace) -> list[str]:
    """Return the filters that have to match a key, as they were given; none with --allow-empty."""
    return [] if arguments.allow_empty else given_filters(arguments)


def given_filters(arguments: argparse.Namespace) -> list[str]:
    """Return the filters as they were given."""
    names = ("manager", "state", "tag", "alias", *(_SAVED_FILTERS if arguments.source is not None else ()))
    return [f"--{name} {quote(word)}" for name in names for word in getattr(arguments, name) or ()]


def _output(text: str) -> Output:
    try:
        return Output.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _columns(text: str) -> tuple[str, ...]:
    from ...report.csv import COLUMNS, SHORT_COLUMNS

    sets = {"all": COLUMNS, "short": SHORT_COLUMNS}
    if text in sets:
        return sets[text]
    return tuple(_column(word.strip(), COLUMNS) for word in text.split(","))


def _column(text: str, columns: Sequence[str]) -> str:
    """Return a column; an error names those that may be meant, since all of them would fill the screen."""
    from difflib import get_close_matches

    if text.lower() in columns:
        return text.lower()
    close = get_close_matches(text.lower(), columns, n=5)
    close += [name for name in columns if text and text.lower() in name and name not in close][:5]
    meant = f": perhaps {', '.join(close)}" if close else ""
    raise argparse.ArgumentTypeError(f"{text!r} is no column{meant}; docs/audit.md lists all {len(columns)}")


def _sort_key(text: str) -> str:
    return "-" * text.startswith("-") + _one_of(text.removeprefix("-"), SORT_KEYS)


def _group_key(text: str) -> str:
    return _one_of(text, GROUP_KEYS)


def _words(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty name in it")
    return words


def _manager(text: str) -> str:
    from ...models.keys import KeyManagerType

    return _one_of(text, KeyManagerType)


def _state(text: str) -> str:
    from ...models.keys import KeyState

    return _one_of(text, KeyState)


def _verdicts(text: str) -> list[str]:
    return [_one_of(word.strip().replace("-", "_").replace(" ", "_"), MEANINGS) for word in text.split(",")]


def _one_of(text: str, words: Iterable[str]) -> str:
    """Return the known word that is meant, in whatever capitals it was written."""
    known = {str(word).lower(): str(word) for word in words}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(known.values())}")
    return known[text.lower()]


def _days(text: str) -> int:
    if not text.isdecimal() or len(text) > _MAX_DIGITS or not 1 <= int(text) <= MAX_IDLE_DAYS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of days: pass a whole one from 1 to {MAX_IDLE_DAYS}"
        )
    return int(text)


def _price(text: str) -> float:
    try:
        price = float(text)
        check_price(price)
    except (ValueError, ParameterError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no price: pass US dollars, from 0 to {MAX_PRICE:,.0f}"
        ) from None
    return price


def _tag_key(text: str) -> str:
    from ...audit.owners import check_owner_tags

    try:
        check_owner_tags([text])
    except ParameterError:
        raise argparse.ArgumentTypeError(f"{text!r:.200} is no tag key, which has 1 to 128 characters") from None
    return text


def _filled(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("is empty: leave it out to report every key")
    return text
