"""The REST API's client, against the API in small of tests/web; the true one is in integration."""

import time
from collections.abc import Iterator

import pytest

from scones.api_client import RestApi
from scones.errors import ApiError
from tests.web.api_server import KEY, ApiServer

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    made = ApiServer(lambda _: [])
    yield made
    made.close()


@pytest.fixture
def client(server: ApiServer) -> RestApi:
    return RestApi(server.url, KEY)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that are waited, each as it is asked for: no busy machine makes them longer."""
    asked: list[float] = []
    sleep = time.sleep

    def noted(seconds: float) -> None:
        asked.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", noted)
    return asked


def test_too_many_requests_are_spread_over_seconds(
    server: ApiServer, client: RestApi, waits: list[float]
) -> None:
    server.throttled = 3
    form = client.ask_upload("image/png", len(PNG))
    assert 1.2 <= sum(waits) <= 1.5
    assert server.seen == [("POST", "/uploads")] * 4
    assert set(server.photos) == {form.id}, "what was refused was not done"
    server.throttled = 1
    assert client.result(form.id)["status"] == "WAITING"


def test_it_ends_where_the_api_goes_on_refusing(server: ApiServer, client: RestApi) -> None:
    server.throttled = 1_000
    with pytest.raises(ApiError, match="the API answers 429: Too Many Requests") as refused:
        client.ask_upload("image/png", len(PNG))
    assert refused.value.status == 429
    assert len(server.seen) == 7


@pytest.mark.parametrize("status", [400, 403, 500, 503, 504])
def test_no_other_answer_is_asked_for_twice(
    server: ApiServer, client: RestApi, status: int
) -> None:
    server.refuse = (status, "no")
    with pytest.raises(ApiError, match=f"the API answers {status}: no"):
        client.classify(PNG)
    assert len(server.seen) == 1


def test_nothing_there_is_told_at_once(waits: list[float]) -> None:
    with pytest.raises(ApiError, match=r"nothing answers at http://127\.0\.0\.1:1/v1/uploads"):
        RestApi("http://127.0.0.1:1/v1", KEY).ask_upload("image/png", 1)
    assert waits == []
