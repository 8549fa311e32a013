"""Which requests get an injected fault, and what of them is counted."""

from support.raw_connection import RawConnection, connect_to
from support.threads import run_in_threads

from awskms_lite import KMSClient
from awskms_lite.local import Error, Garbage, Latency, LocalKMS, Reset

# Which requests


def test_a_rule_is_about_one_operation(kms: LocalKMS, connection: RawConnection) -> None:
    """A rule for one operation does not affect any other."""
    kms.inject_fault(Error("A"), operation="CreateKey")
    assert connection.codes(2) == ["", ""]
    assert connection.codes(1, "CreateKey") == ["A"]


def test_clearing_the_faults_ends_them(kms: LocalKMS, connection: RawConnection) -> None:
    """After `clear_faults` no rule fires."""
    kms.inject_fault(Error("A"))
    assert connection.codes(1) == ["A"]
    kms.clear_faults()
    assert connection.codes(1) == [""]


def test_the_numbers_reach_the_rule(kms: LocalKMS, connection: RawConnection) -> None:
    """`skip` and `times` reach the rule."""
    kms.inject_fault(Error("A"), skip=1, times=3)
    assert connection.codes(6) == ["", "A", "A", "A", "", ""]


def test_a_fault_of_a_head_request_sends_no_body(kms: LocalKMS, connection: RawConnection) -> None:
    """A request by HEAD names no operation, and what its answer suffers does not bring a body."""
    head = b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    kms.inject_fault(Latency(0.001))
    connection.sock.sendall(head)
    assert connection.rest().startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert connection.received.endswith(b"\r\n\r\n")


def test_the_seed_decides() -> None:
    """The same seed hits the same requests in every run, another seed others."""
    patterns: list[list[str]] = []
    for seed in (5, 5, 6):
        with LocalKMS(seed=seed) as kms, connect_to(kms) as connection:
            kms.inject_fault(Error("A"), probability=0.5, burst=2)
            patterns.append(connection.codes(24))
    assert patterns[0] == patterns[1] != patterns[2]
    assert {"", "A"} == set(patterns[0])


def test_garbage_comes_from_the_seed() -> None:
    """The same seed gives the same bytes."""
    bodies: list[bytes] = []
    for seed in (5, 5, 6):
        with LocalKMS(seed=seed) as kms, connect_to(kms) as connection:
            kms.inject_fault(Garbage("body"))
            bodies.append(connection.call().body)
    assert bodies[0] == bodies[1] != bodies[2]


# Statistics


def test_asked_three_times_answered_once(kms: LocalKMS) -> None:
    """A client that is refused, cut off and answered has asked three times and was answered once."""
    key = kms.add_key()
    kms.inject_fault(Error("KMSInternalException", status=500), times=1)
    kms.inject_fault(Reset("during"), times=1, skip=1)
    with KMSClient(environ=kms.environ, sleep=lambda seconds: None) as client:
        assert client.get_key_last_usage(key).metadata.attempts == 3
    stats = kms.stats
    assert (stats.asked["GetKeyLastUsage"], stats.answered["GetKeyLastUsage"]) == (3, 1)
    assert stats.faults == {"Error": 1, "Reset": 1}
    assert stats.connections == 2


def test_errors_of_the_service_are_answers(kms: LocalKMS, connection: RawConnection) -> None:
    """NotFoundException is an answer like any other."""
    assert connection.codes(2, "GetKeyLastUsage") == ["ValidationException"] * 2
    assert kms.stats.answered == {"GetKeyLastUsage": 2}


def test_an_operation_that_kms_lacks_is_not_counted(kms: LocalKMS, connection: RawConnection) -> None:
    """A request that names no operation of KMS is refused and passed over; a fault of it counts."""
    assert connection.codes(1, "Nonsense") == ["UnknownOperationException"]
    assert kms.stats.asked == kms.stats.answered == kms.stats.faults == {}
    kms.inject_fault(Error("A"))
    assert connection.codes(1, "Nonsense") == ["A"]
    assert kms.stats.faults == {"Error": 1}


def test_stats_are_of_their_moment(kms: LocalKMS, connection: RawConnection) -> None:
    """Stats that were taken stay as they are; what never came up counts 0."""
    before = kms.stats
    connection.call()
    assert (before.asked["ListKeys"], kms.stats.asked["ListKeys"]) == (0, 1)
    assert LocalKMS().stats.connections == 0


def test_no_count_is_lost_among_threads(kms: LocalKMS) -> None:
    """Every request of many threads is counted once as asked, and once as answered or faulty."""
    kms.inject_fault(Error("A"), probability=0.5)

    def work() -> None:
        with connect_to(kms) as connection:
            connection.codes(25)

    run_in_threads(work, 8)
    stats = kms.stats
    assert (stats.asked["ListKeys"], stats.connections) == (200, 8)
    assert stats.answered["ListKeys"] + stats.faults["Error"] == 200
    assert stats.answered["ListKeys"] * stats.faults["Error"] > 0
