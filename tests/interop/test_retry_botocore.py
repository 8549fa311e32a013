"""Retries beside botocore's standard mode: which errors are sent again, after which wait, and at what price.

`DIFFERENT` lists where we mean to differ; everywhere else, for each status and each code that we know, we agree.
"""

from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

import pytest
from botocore.awsrequest import AWSResponse
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.retries import quota, standard
from hypothesis import given, strategies as st

from awskms_lite.errors import RetryCategory, ServiceError
from awskms_lite.protocol import decode_error
from awskms_lite.retry import Attempts, RetryPolicy, RetryQuota

LOADER = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
OPERATION = ServiceModel(LOADER.load_service_model("kms", "service-2")).operation_model("GetKeyLastUsage")
DETECTOR = standard.ThrottlingErrorDetector(None)

MAY_PASS = {500, 502, 503, 504}
NEITHER = {301, 400, 403, 404, 408, 501, 505, 509}
STATUSES = {*NEITHER, *MAY_PASS, 429}

KNOWN = {cls.__name__: cls.retry_category for cls in ServiceError.__subclasses__()}
CODES = {*KNOWN, "KeyOnHoliday"}
DECLARED = {shape.name for shape in OPERATION.error_shapes}
LIMIT = {"LimitExceededException"}
FINAL = {code for code, kind in KNOWN.items() if kind == "final"} - LIMIT
TRANSIENT = {code for code, kind in KNOWN.items() if kind == "transient"}


class Difference(NamedTuple):
    """Where we mean to differ, what each of the two does there, and why."""

    statuses: Iterable[int]
    codes: Iterable[str]
    ours: RetryCategory
    theirs: RetryCategory
    why: str


DIFFERENT = [
    Difference(STATUSES, LIMIT, "final", "throttling", "KMS means resources by it, and waiting brings no more"),
    Difference(MAY_PASS, FINAL, "final", "transient", "a code that is known counts, whatever the status"),
    Difference({429}, FINAL - DECLARED, "final", "throttling", "the same"),
    Difference({429}, TRANSIENT - DECLARED, "transient", "throttling", "the same"),
    Difference({429}, TRANSIENT & DECLARED, "transient", "final", "the same"),
    Difference(
        NEITHER, TRANSIENT - {"RequestTimeout", "RequestTimeoutException"}, "transient", "final", "the same"
    ),
]


def met(status: int, code: str, retry_after: str | None = None, attempt: int = 1) -> standard.RetryContext:
    headers = {} if retry_after is None else {"x-amz-retry-after": retry_after}
    return standard.RetryContext(
        attempt_number=attempt,
        operation_model=OPERATION,
        parsed_response={"Error": {"Code": code}},
        http_response=AWSResponse("https://kms.us-east-2.amazonaws.com", status, headers, None),
    )


def error(status: int, code: str, retry_after: str | None = None) -> ServiceError:
    headers = {} if retry_after is None else {"x-amz-retry-after": retry_after}
    return decode_error(status, {"x-amzn-errortype": code, **headers}, b"")


def their_kind(status: int, code: str) -> RetryCategory:
    context = met(status, code)
    if not standard.StandardRetryConditions().is_retryable(context):
        return "final"
    return "throttling" if DETECTOR.is_throttling_error_from_context(context) else "transient"


def test_the_same_errors_are_sent_again() -> None:
    """Each status with each code is of the same kind to both of us, but for the differences listed above."""
    kinds = {
        (status, code): (error(status, code).category, their_kind(status, code))
        for status, code in product(STATUSES, CODES)
    }
    found = {pair: kind for pair, kind in kinds.items() if kind[0] != kind[1]}
    assert found == {pair: (d.ours, d.theirs) for d in DIFFERENT for pair in product(d.statuses, d.codes)}


ERRORS = [(400, "ThrottlingException"), (429, "KeyOnHoliday"), (503, "SlowDown"), (500, "KeyOnHoliday")]
ASKED = [None, "0", "40", "1500", "9000", "60000", "-1", "1.5", "soon"]
CALLS = st.lists(
    st.tuples(st.lists(st.tuples(st.sampled_from(ERRORS), st.sampled_from(ASKED)), max_size=8), st.booleans()),
    max_size=5,
)


@given(CALLS, st.floats(0, 1))
def test_waits_and_costs_are_the_same(calls: list[tuple[list[Any], bool]], draw: float) -> None:
    """In call after call of one client each retry waits as long, and the purse holds as much, down to nothing."""
    ours, theirs = RetryQuota(), quota.RetryQuota()
    ours.take(440)
    theirs.acquire(440)
    checker = standard.RetryQuotaChecker(theirs, DETECTOR)
    backoff = standard.ExponentialBackoff(random=lambda: draw, throttling_detector=DETECTOR)
    for troubles, succeeds in calls:
        attempts = Attempts(RetryPolicy(max_attempts=99), ours, lambda: draw, idempotent=True)
        kept: dict[str, Any] = {}
        wait: float | None = 0.0
        for number, ((status, code), asked) in enumerate(troubles, start=1):
            context = met(status, code, asked, number)
            context.request_context = kept
            wait = backoff.delay_amount(context) if checker.acquire_retry_quota(context) else None
            mine = attempts.begin_next(error(status, code, asked), clock_corrected=False)
            assert mine == (wait if wait is None else pytest.approx(wait))
            if wait is None:
                break
        if succeeds and wait is not None:
            attempts.succeeded()
            checker.release_retry_quota(kept, met(200, "").http_response)
        assert ours.tokens == theirs.available_capacity
