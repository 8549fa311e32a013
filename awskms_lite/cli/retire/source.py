"""The keys to retire, from the report of an audit."""

from collections.abc import Collection, Mapping, Sequence


def read_keys(name: str, verdicts: Collection[str]) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the ARNs of the keys that have one of the verdicts, and the verdicts of the others, by ARN.

    A key that a file has several times, because it holds several reports, counts by its latest record. Raise
    `ParameterError` for a line that is no record, and `ConfigurationError` if the file cannot be read.
    """
    from ...audit import KeyUsageRecord
    from ..audit.input_files import read_records

    latest: dict[str, KeyUsageRecord] = {}
    for record in read_records(name, KeyUsageRecord):
        before = latest.get(record.arn)
        if before is None or record.checked_at >= before.checked_at:
            latest[record.arn] = record
    found = {arn: str(record.verdict) for arn, record in latest.items()}
    chosen = [arn for arn, verdict in found.items() if verdict in verdicts]
    return chosen, {arn: verdict for arn, verdict in found.items() if verdict not in verdicts}
