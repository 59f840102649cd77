"""A turn is read by Rasa in time, by the in-process reader otherwise; a dead Rasa costs a turn nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from aiohttp import web

from base.errors import ConfigurationError
from base.settings import Settings
from bot import fallback, training_data
from bot.fallback import Classifier
from bot.understanding import Understanding

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _settings(directory: Path, port: int = 1, *, deadline_seconds: float = 0.3) -> Settings:
    return Settings.model_validate(
        {"data": {"directory": str(directory)}, "rasa": {"port": port, "deadline_seconds": deadline_seconds}}
    )


class LengthEncoder:
    """A stand-in for the embedding model that is quick to train on: hashed character counts."""

    name = "hashed"
    available = True

    def layers(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for index, text in enumerate(texts):
            for character in text:
                vectors[index, ord(character) % 64] += 1.0
        return vectors


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """Of every second sentence: the plain cases need no more, and all of them take two minutes of a core."""
    return fallback.fit(training_data.load()[::2])


@pytest.fixture
async def rasa() -> AsyncIterator[Callable[[Handler], Awaitable[int]]]:
    runners: list[web.AppRunner] = []

    async def serve(handler: Handler) -> int:
        app = web.Application()
        app.router.add_post("/model/parse", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.05)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port: int = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        return port

    yield serve
    for runner in runners:
        await runner.cleanup()


async def _answer(request: web.Request) -> web.StreamResponse:
    await request.json()
    return web.json_response(
        {"intent_ranking": [{"name": "praise", "confidence": 0.96}, {"name": "complain", "confidence": 0.04}]}
    )


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_rasa_is_asked_when_it_answers(
    tmp_path: Path, classifier: Classifier, rasa: Callable[[Handler], Awaitable[int]]
) -> None:
    understanding = Understanding(_settings(tmp_path, await rasa(_answer)), classifier=classifier)
    await understanding.start()
    await _until(lambda: understanding.rasa_answers)
    understood = await understanding.parse("随便一句话而已")
    await understanding.close()
    assert (understood.intent, understood.source) == ("praise", "rasa")


async def test_without_rasa_the_in_process_reader_takes_the_turn(tmp_path: Path, classifier: Classifier) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    understanding = Understanding(_settings(tmp_path, port), classifier=classifier)
    await understanding.start()
    understood = await understanding.parse("我要投诉小区物业乱收停车费")
    await understanding.close()
    assert (understood.intent, understood.source) == ("complain", "fallback")
    assert understood.elapsed_seconds < 0.3


async def test_a_hanging_rasa_costs_three_deadlines_and_then_nothing(
    tmp_path: Path, classifier: Classifier, rasa: Callable[[Handler], Awaitable[int]]
) -> None:
    hang = False
    asked = 0

    async def sometimes(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if hang:
            await asyncio.sleep(30)
        return await _answer(request)

    understanding = Understanding(
        _settings(tmp_path, await rasa(sometimes), deadline_seconds=0.1), classifier=classifier
    )
    await understanding.start()
    await _until(lambda: understanding.rasa_answers)
    hang = True
    for _ in range(3):
        assert (await understanding.parse("暖气不热怎么办")).source == "fallback"
    assert not understanding.rasa_answers
    before = asked
    understood = await understanding.parse("暖气不热怎么办")
    assert understood.source == "fallback"
    assert understood.elapsed_seconds < 0.09
    assert asked <= before + 1  # the background probe alone may ask
    await understanding.close()


async def test_rasa_comes_back(
    tmp_path: Path, classifier: Classifier, rasa: Callable[[Handler], Awaitable[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.understanding._PROBE_SECONDS", (0.02, 0.05))
    broken = False

    async def sometimes(request: web.Request) -> web.StreamResponse:
        if broken:
            return web.Response(status=500)
        return await _answer(request)

    understanding = Understanding(_settings(tmp_path, await rasa(sometimes)), classifier=classifier)
    await understanding.start()
    await _until(lambda: understanding.rasa_answers)
    broken = True
    for _ in range(3):
        assert (await understanding.parse("你们真好")).source == "fallback"
    assert not understanding.rasa_answers
    broken = False
    await _until(lambda: understanding.rasa_answers)
    assert (await understanding.parse("你们真好")).source == "rasa"
    await understanding.close()


@pytest.mark.parametrize("answer", ["nonsense", '{"intent": null}', '{"intent_ranking": []}', "[1, 2]"])
async def test_a_strange_answer_is_no_answer(
    tmp_path: Path, classifier: Classifier, rasa: Callable[[Handler], Awaitable[int]], answer: str
) -> None:
    strange = False

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(text=answer, content_type="application/json") if strange else await _answer(request)

    understanding = Understanding(_settings(tmp_path, await rasa(handler)), classifier=classifier)
    await understanding.start()
    await _until(lambda: understanding.rasa_answers)
    strange = True
    assert (await understanding.parse("转人工")).source == "fallback"
    await understanding.close()


@pytest.mark.parametrize("text", ["", "   ", "？？？", "😀", "\x00\x01", "a" * 100_000, "<script>alert(1)</script>"])
async def test_no_text_breaks_it(tmp_path: Path, classifier: Classifier, text: str) -> None:
    understanding = Understanding(_settings(tmp_path), classifier=classifier)
    await understanding.start()
    understood = await understanding.parse(text)
    await understanding.close()
    assert 0.0 <= understood.confidence <= 1.0


async def test_parse_before_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="start"):
        await Understanding(_settings(tmp_path)).parse("你好")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("请问办居住证要准备哪些材料", "consult"),
        ("我要投诉楼下饭馆油烟扰民", "complain"),
        ("我想举报有人非法行医", "report"),
        ("我家停水了", "help"),
        ("建议在路口增加红绿灯", "suggest"),
        ("我要表扬公交车司机", "praise"),
        ("转人工", "human"),
        ("没有别的事了", "nothing_more"),
        ("大点声，听不见", "louder"),
        ("查一下我上次那个工单的进度", "order_status"),
    ],
)
def test_the_words_reader_knows_the_plain_cases(classifier: Classifier, text: str, intent: str) -> None:
    assert classifier.classify(text)[0][0] == intent


def test_probabilities_sum_to_one_and_are_sorted(classifier: Classifier) -> None:
    ranking = list(classifier.classify("物业乱收费没人管"))
    values = [value for _, value in ranking]
    assert values == sorted(values, reverse=True)
    assert sum(values) == pytest.approx(1.0)


def test_the_second_reader_is_trained_where_vectors_are_to_be_had() -> None:
    examples = [pair for index, pair in enumerate(training_data.load()) if index % 3 == 0]
    encoder = LengthEncoder()
    classifier = fallback.fit(examples, encoder=encoder)
    vector = encoder.layers(["转人工"])[0]
    assert classifier.meaning is not None
    assert sum(value for _, value in classifier.classify("转人工", vector)) == pytest.approx(1.0)


def test_a_saved_model_is_used_and_a_stale_or_broken_one_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path)
    nlu = tmp_path / "nlu.yml"
    lines = {"greet": "你好 您好 早上好 喂你好", "thanks": "谢谢 多谢 谢谢您 感谢", "human": "转人工 人工 找人工 真人"}

    def write(extra: str = "") -> None:
        blocks = "".join(
            f"  - intent: {intent}\n    examples: |\n" + "".join(f"      - {line}\n" for line in words.split())
            for intent, words in lines.items()
        )
        nlu.write_text(f'version: "3.1"\nnlu:\n{blocks}{extra}', "utf-8")

    write()
    first = fallback.load(settings, nlu_file=nlu)
    assert first.classify("转人工")[0][0] == "human"
    trained = 0
    real = fallback.fit

    def counted(*args: object, **kwargs: object) -> Classifier:
        nonlocal trained
        trained += 1
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(fallback, "fit", counted)
    assert fallback.load(settings, nlu_file=nlu).stamp == first.stamp
    assert trained == 0
    write("      - 我要找个真人说话\n")
    assert fallback.load(settings, nlu_file=nlu).stamp != first.stamp
    assert trained == 1
    fallback.path(settings).write_bytes(b"broken")
    fallback.load(settings, nlu_file=nlu)
    assert trained == 2


def test_training_data_errors_are_told(tmp_path: Path) -> None:
    bad = tmp_path / "nlu.yml"
    bad.write_text("nlu:\n  - intent: dance\n    examples: |\n      - 跳舞\n", "utf-8")
    with pytest.raises(ConfigurationError, match="dance"):
        training_data.load(bad)
    bad.write_text(
        "nlu:\n  - intent: greet\n    examples: |\n      - 好\n  - intent: deny\n    examples: |\n      - 好\n", "utf-8"
    )
    with pytest.raises(ConfigurationError, match="greet and deny"):
        training_data.load(bad)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        training_data.load(tmp_path / "missing.yml")
