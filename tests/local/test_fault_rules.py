"""Which request gets a fault: the rules by themselves, with names for faults."""

from collections import Counter

import pytest
from hypothesis import given, strategies as st
from support.threads import run_in_threads

from awskms_lite.local.http.fault_rules import FaultRule, FaultRules


def fired(rules: FaultRules[str], requests: str) -> str:
    """Return the fault of each request, "." where there is none; a request is the letter of its operation."""
    return "".join(rules.fire(operation) or "." for operation in requests)


def rules_of(*rules: FaultRule[str], seed: int = 0) -> FaultRules[str]:
    made: FaultRules[str] = FaultRules(seed)
    for rule in rules:
        made.add(rule)
    return made


@pytest.mark.parametrize(
    ("rules", "requests", "faults"),
    [
        ([], "aaa", "..."),
        ([FaultRule("X")], "aab", "XXX"),
        ([FaultRule("X", times=2)], "aaaa", "XX.."),
        ([FaultRule("X", skip=2)], "aaaa", "..XX"),
        ([FaultRule("X", skip=1, times=1)], "aaa", ".X."),
        ([FaultRule("X", operation="b")], "abab", ".X.X"),
        ([FaultRule("X", operation="b", skip=1, times=1)], "babbb", "..X.."),
        ([FaultRule("X", times=1), FaultRule("Y")], "aaa", "XYY"),
        ([FaultRule("X", operation="b"), FaultRule("Y")], "aba", "YXY"),
        ([FaultRule("X", times=1), FaultRule("Y", times=1, skip=2)], "aaaa", "X.Y."),
        ([FaultRule("X", times=3, burst=2)], "aaaa", "XXX."),
    ],
)
def test_the_first_rule_that_applies_fires(rules: list[FaultRule[str]], requests: str, faults: str) -> None:
    """Operation, place and number decide; a rule's place counts requests for which another rule fired too."""
    assert fired(rules_of(*rules), requests) == faults


def test_a_request_without_an_operation_is_one_of_all() -> None:
    """A rule for an operation passes over what names none, a rule for all does not."""
    rules = rules_of(FaultRule("X", operation="a"), FaultRule("Y"))
    assert rules.fire(None) == "Y"


def test_clearing_forgets_every_rule() -> None:
    """After clearing there is no rule, and one that is added then is the only one."""
    rules = rules_of(FaultRule("X"), FaultRule("Y"))
    rules.clear()
    assert fired(rules, "a") == "."
    rules.add(FaultRule("Z", times=1))
    assert fired(rules, "aa") == "Z."


@given(seed=st.integers(0, 1000), probability=st.sampled_from([0.1, 0.5, 0.9]))
def test_the_same_seed_hits_the_same_requests(seed: int, probability: float) -> None:
    """What chance decides follows from the seed, draw by draw."""
    runs = {fired(rules_of(FaultRule("X", probability=probability), seed=seed), "a" * 40) for _ in range(3)}
    assert len(runs) == 1


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_a_probability_is_about_kept(probability: float) -> None:
    """Of many requests about this fraction gets the fault, not in one run."""
    faults = fired(rules_of(FaultRule("X", probability=probability)), "a" * 2000)
    assert abs(faults.count("X") / 2000 - probability) < 0.05
    assert faults.count("X.") > 100


@given(seed=st.integers(0, 1000), burst=st.integers(2, 4))
def test_a_burst_is_of_its_length(seed: int, burst: int) -> None:
    """A rule that fires by chance does so for so many in a row at least, and in whole bursts."""
    faults = fired(rules_of(FaultRule("X", probability=0.3, burst=burst), seed=seed), "a" * 60)
    assert all(len(run) % burst == 0 for run in faults.rstrip("X").split(".") if run)
    assert "X" in faults


def test_a_burst_is_of_its_operation() -> None:
    """Requests of other operations neither end a burst nor use it up."""
    rules = rules_of(FaultRule("X", probability=0.3, burst=3, operation="a"))
    faults = fired(rules, "ab" * 60)
    assert set(faults[1::2]) == {"."}
    assert faults[::2] == fired(rules_of(FaultRule("X", probability=0.3, burst=3)), "a" * 60)


def test_what_is_certain_draws_nothing() -> None:
    """A rule that fires for every request leaves the draws of the others as they would be without it."""
    alone = fired(rules_of(FaultRule("Y", probability=0.5)), "a" * 20)
    assert (
        fired(rules_of(FaultRule("X", times=3), FaultRule("Y", probability=0.5)), "aaa" + "a" * 20)
        == "XXX" + alone
    )


def test_noise_follows_the_seed() -> None:
    """The same seed gives the same bytes, as many as asked for, and each time others."""
    one, same, other = FaultRules[str](1), FaultRules[str](1), FaultRules[str](2)
    first, second = one.noise(32), one.noise(32)
    assert (same.noise(32), same.noise(32)) == (first, second)
    assert len({first, second, other.noise(32)}) == 3
    assert len(first) == 32


def test_threads_share_the_rules() -> None:
    """Of the requests of many threads exactly so many get a fault as asked for."""
    rules = rules_of(FaultRule("X", times=100), FaultRule("Y", times=50))
    faults: list[str] = []

    def work() -> None:
        faults.append(fired(rules, "a" * 50))

    run_in_threads(work, 8)
    assert Counter("".join(faults)) == {"X": 100, "Y": 50, ".": 250}
