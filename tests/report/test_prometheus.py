"""The gauges, as the client library of Prometheus reads them."""

from collections.abc import Sequence

from prometheus_client.parser import text_string_to_metric_families
from support.audit_data import ACCOUNT, NOW, days, facts, used
from support.report_data import OTHER, context, every_record, foreign_records, record, written

from awskms_lite.audit import KeyUsageRecord, judge
from awskms_lite.report import ReportContext
from awskms_lite.report.prometheus import PrometheusWriter

Samples = dict[tuple[str, ...], float]


def read(records: Sequence[KeyUsageRecord], told: ReportContext | None = None) -> dict[str, Samples]:
    """Return the samples of each gauge, by the values of their labels; each gauge has its help and its type."""
    text = written(PrometheusWriter, records, told)
    assert text.endswith("\n")
    families = list(text_string_to_metric_families(text))
    assert all(family.type == "gauge" and family.documentation for family in families)
    assert all(sample.timestamp is None for family in families for sample in family.samples)
    return {
        family.name.removeprefix("awskms_lite_"): {
            tuple(sample.labels.values()): sample.value for sample in family.samples
        }
        for family in families
    }


def test_keys_are_counted_by_account_region_and_verdict() -> None:
    """Every verdict has its sample, and no key a label of its own."""
    records = [*every_record(), *every_record()]
    gauges = read(records)
    expected = {(each.account_id, each.region, each.verdict.value): 2.0 for each in records}
    assert gauges["keys"] == expected
    assert (OTHER, "us-east-2", "other_account") in expected


def test_costs_are_those_that_are_known() -> None:
    """A key that another account pays for has none."""
    records = every_record()
    costs = read(records)["keys_monthly_cost_dollars"]
    assert costs == {
        (each.account_id, each.region, each.verdict.value): each.monthly_cost
        for each in records
        if each.monthly_cost is not None
    }


def test_the_audit_is_told_of() -> None:
    """Its coverage, its end, and the longest time without a use."""
    records = every_record()
    gauges = read(records)
    assert gauges["audit_coverage_ratio"] == {(): 8 / 9}
    assert gauges["audit_end_timestamp_seconds"] == {(): NOW.timestamp()}
    assert gauges["oldest_idle_seconds"] == {(): 200 * 86400}


def test_keys_in_use_are_not_idle() -> None:
    """However long ago: only what may be retired counts."""
    assert read([judge(facts(last_usage=used(days(50))), 90)])["oldest_idle_seconds"] == {(): 0}


def test_a_saved_report_tells_nothing_of_its_audit() -> None:
    """Without a summary there is no coverage, and without a key no time."""
    gauges = read([], ReportContext(ended_at=None, idle_days=90))
    assert "audit_coverage_ratio" not in gauges
    assert "audit_end_timestamp_seconds" not in gauges
    assert gauges["keys"] == {}


def test_foreign_labels_come_back_as_they_are_shown() -> None:
    """An account or a region of a damaged report can hold anything: it breaks no line, and ends no label."""
    records = [record(each, account_id=each.description, region=each.description) for each in foreign_records()]
    labels = {account for account, _, _ in read(records)["keys"]}
    assert {'{a="b"} "quoted" \\" \\n', "a | b || \\| c \\", ACCOUNT} - labels == {ACCOUNT}
    assert len(labels) == len(records)
    assert all(label.isprintable() for label in labels)


def test_an_empty_account_is_no_mistake() -> None:
    """Its file can be read, and says that all was covered."""
    assert read([], context())["audit_coverage_ratio"] == {(): 1.0}
