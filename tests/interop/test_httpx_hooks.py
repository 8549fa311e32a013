"""What hooks into httpx works on the requests of a client with an `http_client`: here with the real packages."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pytest_httpx import HTTPXMock
from support.servers import CREDENTIALS, KEY_ID, USED, WAYS, Caller, Way, open_way

from awskms_lite import KMSClient
from awskms_lite.errors import NotFoundException
from awskms_lite.local import Error, LocalKMS

LAST_USE = datetime(2026, 5, 1, 12, 30, 15, 123000, tzinfo=UTC)
OPTIONS: dict[str, Any] = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": {}}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with open_way(request.param) as opened:
        yield opened


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


class TestPytestHTTPX:
    """pytest-httpx's `httpx_mock`, which takes the place of httpx's transports."""

    @pytest.fixture
    def caller(self, way: Way, httpx_mock: HTTPXMock) -> Caller:
        return way.client(http_client=way.http_client(), **OPTIONS)

    def test_an_answer_is_mocked(self, caller: Caller, httpx_mock: HTTPXMock) -> None:
        """The client reads the mocked answer, and the mock sees the signed request."""
        httpx_mock.add_response(url="https://kms.us-east-2.amazonaws.com", content=USED)
        usage = caller.get_key_last_usage(KEY_ID)
        assert usage.key_last_usage is not None
        assert usage.key_last_usage.operation == "Decrypt"
        request = httpx_mock.get_request()
        assert request is not None
        assert json.loads(request.content) == {"KeyId": KEY_ID}
        assert request.headers["X-Amz-Target"] == "TrentService.GetKeyLastUsage"
        assert f"Credential={CREDENTIALS.access_key_id}/" in request.headers["Authorization"]

    def test_an_error_is_mocked(self, caller: Caller, httpx_mock: HTTPXMock) -> None:
        """A mocked error is raised by its class."""
        httpx_mock.add_response(status_code=400, json={"__type": "NotFoundException", "message": "no such key"})
        with pytest.raises(NotFoundException, match="no such key"):
            caller.get_key_last_usage(KEY_ID)

    def test_a_failure_is_mocked(self, caller: Caller, httpx_mock: HTTPXMock) -> None:
        """A call that fails by a mocked exception is made again, as it would be on a network."""
        httpx_mock.add_exception(httpx.ConnectError("refused"))
        httpx_mock.add_response(content=USED)
        assert caller.get_key_last_usage(KEY_ID).metadata.attempts == 2
        assert len(httpx_mock.get_requests()) == 2

    def test_connections_of_our_own_are_not_mocked(self, way: Way, kms: LocalKMS, httpx_mock: HTTPXMock) -> None:
        """A client without an `http_client` sends past the mock."""
        key = kms.add_key(last_usage=LAST_USE)
        assert way.client(environ=kms.environ).get_key_last_usage(key).key_last_usage is not None
        assert httpx_mock.get_requests() == []


class TestVCR:
    """VCR.py's cassettes."""

    SECRETS = ("authorization", "x-amz-security-token")

    def test_a_call_is_recorded_and_replayed(self, way: Way, tmp_path: Path) -> None:
        """A recorded call is answered without the server, and the cassette holds no signature if told so."""
        recorder = vcr.VCR(filter_headers=self.SECRETS)
        cassette = tmp_path / "usage.yaml"
        with LocalKMS(region="us-east-2") as kms:
            environ = kms.environ
            key = kms.add_key(last_usage=LAST_USE)
            with recorder.use_cassette(cassette):
                recorded = self._ask(way, environ, key)
            assert kms.stats.asked["GetKeyLastUsage"] == 1
        assert "signature" not in cassette.read_text(encoding="utf-8").lower()
        with recorder.use_cassette(cassette, record_mode="none") as played:
            assert self._ask(way, environ, key) == recorded == LAST_USE
            assert played.play_count == 1

    def test_an_error_is_replayed(self, way: Way, tmp_path: Path) -> None:
        """So is an error, by its class."""
        cassette = tmp_path / "missing.yaml"
        with LocalKMS(region="us-east-2") as kms:
            for mode in ("once", "none"):
                with (
                    vcr.use_cassette(cassette, record_mode=mode, filter_headers=self.SECRETS),
                    pytest.raises(NotFoundException),
                ):
                    self._ask(way, kms.environ, KEY_ID)
            assert kms.stats.asked["GetKeyLastUsage"] == 1

    def _ask(self, way: Way, environ: Mapping[str, str], key: str) -> datetime | None:
        usage = way.client(http_client=way.http_client(), environ=environ).get_key_last_usage(key)
        return None if usage.key_last_usage is None else usage.key_last_usage.timestamp


class TestOpenTelemetry:
    """OpenTelemetry's instrumentation of httpx."""

    @pytest.fixture
    def spans(self) -> InMemorySpanExporter:
        return InMemorySpanExporter()

    @pytest.fixture
    def provider(self, spans: InMemorySpanExporter) -> TracerProvider:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        return provider

    def test_each_attempt_is_a_span(
        self, way: Way, kms: LocalKMS, provider: TracerProvider, spans: InMemorySpanExporter
    ) -> None:
        """Every request of a call is a span with its status, and the header it adds breaks no signature."""
        http_client = way.http_client()
        HTTPXClientInstrumentor.instrument_client(http_client, tracer_provider=provider)
        key = kms.add_key(last_usage=LAST_USE)
        kms.inject_fault(Error("KMSInternalException", status=500), times=1)
        usage = way.client(http_client=http_client, environ=kms.environ).get_key_last_usage(key)
        assert usage.metadata.attempts == 2
        requests = [span for span in spans.get_finished_spans() if span.name == "POST"]
        assert [_status(span) for span in requests] == [500, 200]
        assert [span.status.status_code for span in requests] == [StatusCode.ERROR, StatusCode.UNSET]

    def test_all_clients_are_instrumented(
        self, way: Way, kms: LocalKMS, provider: TracerProvider, spans: InMemorySpanExporter
    ) -> None:
        """`instrument()` is for every httpx client, an `http_client` made later too."""
        instrumentor = HTTPXClientInstrumentor()
        instrumentor.instrument(tracer_provider=provider)
        try:
            with pytest.raises(NotFoundException):
                way.client(http_client=way.http_client(), environ=kms.environ).get_key_last_usage(KEY_ID)
        finally:
            instrumentor.uninstrument()
        (span,) = spans.get_finished_spans()
        assert _status(span) == 400


def test_a_client_that_was_there_is_instrumented(kms: LocalKMS) -> None:
    """The client takes what is put into an `http_client` after it was given: the next call goes through it."""
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    key = kms.add_key()
    with httpx.Client() as http_client, KMSClient(http_client=http_client, environ=kms.environ) as client:
        client.get_key_last_usage(key)
        HTTPXClientInstrumentor.instrument_client(http_client, tracer_provider=provider)
        client.get_key_last_usage(key)
    assert len(spans.get_finished_spans()) == 1


def _status(span: ReadableSpan) -> object:
    attributes = span.attributes or {}
    return attributes.get("http.response.status_code", attributes.get("http.status_code"))
