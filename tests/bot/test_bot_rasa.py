"""The training data that both readers learn from, and Rasa's server as the supervisor starts it."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from needs import require

from base.settings import ROOT, load
from bot import training_data
from bot.intents import INTENTS
from telephony.caller import free_port

RASA = ROOT / "bot" / "rasa"
PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
KIT = ROOT.parent / "shared" / "eval" / "dialogue" / "cases.jsonl"
_SHORT_INTENTS = {
    "slower",
    "louder",
    "thanks",
    "goodbye",
    "repeat",
    "greet",
    "wait",
    "nothing_more",
    "faster",
    "quieter",
    "elder",
}


def test_the_domain_names_every_intent() -> None:
    assert tuple(yaml.safe_load((RASA / "domain.yml").read_text("utf-8"))["intents"]) == INTENTS


def test_rasa_understands_and_does_nothing_else() -> None:
    config = yaml.safe_load((RASA / "config.yml").read_text("utf-8"))
    assert config["policies"] == []
    assert config["language"] == "zh"


def test_every_intent_has_enough_examples() -> None:
    counts = Counter(intent for _, intent in training_data.load())
    assert set(counts) == set(INTENTS)
    assert {intent: n for intent, n in counts.items() if n < (25 if intent in _SHORT_INTENTS else 40)} == {}


def test_variations_repeat_and_keep_their_origin() -> None:
    examples = training_data.load()[:200]
    varied, origins = training_data.varied(examples), training_data.origins(examples)
    assert varied == training_data.varied(examples)
    assert len(varied) == len(origins) > len(examples)
    assert all(varied[row][1] == examples[origin][1] for row, origin in enumerate(origins))


def test_what_was_made_of_a_sentence_stays_when_others_are_added() -> None:
    """Its vectors are kept on disk: an operator who adds a sentence waits for that one alone."""
    examples = training_data.load()[:200]
    more = [(f"{text}{text}", intent) for text, intent in training_data.load()[:20]]  # no character is new
    before, behind = training_data.varied(examples), training_data.varied([*examples, *more])
    assert set(before) <= set(behind)


def test_no_sentence_is_taken_from_the_dialogue_kit() -> None:
    require(KIT.is_file(), "the dialogue kit is not on this machine")
    said = set()
    for line in KIT.read_text("utf-8").splitlines():
        case = json.loads(line)
        said |= {case["opening"], *case["facts"].values()}
    clean = {re.sub(r"[^\u4e00-\u9fff]", "", text) for text in said}
    ours = {re.sub(r"[^\u4e00-\u9fff]", "", text) for text, _ in training_data.load()}
    assert {text for text in clean & ours if len(text) >= 9} == set()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    model = load().models / "rasa" / "nlu.tar.gz"
    require(PYTHON.exists() and model.is_file(), "Rasa's environment or model is missing: run `make setup`")
    log, port = tmp_path_factory.mktemp("rasa") / "log", free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(PYTHON), str(RASA / "serve.py"), "--model", str(model), "--port", str(port), "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 150
        while time.monotonic() < deadline and process.poll() is None:
            try:
                urllib.request.urlopen(url, timeout=1).close()
                break
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.5)
        yield url, log
    finally:
        assert process.stdin is not None
        process.stdin.close()  # it ends with its supervisor
        try:
            process.wait(timeout=20)
        finally:
            process.kill()


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.processes
@pytest.mark.timeout(240)
def test_it_parses_and_its_other_doors_are_closed(server: tuple[str, Path]) -> None:
    url, log = server
    text = "我要投诉物业乱收停车费"
    request = urllib.request.Request(f"{url}/model/parse", json.dumps({"text": text}).encode())
    with urllib.request.urlopen(request, timeout=20) as response:
        answer = json.load(response)
    assert answer["intent"]["name"] == "complain"
    assert {item["name"] for item in answer["intent_ranking"]} == set(INTENTS)
    for method, path in (("PUT", "/model"), ("POST", "/model/train"), ("GET", "/domain"), ("POST", "/webhooks/rest")):
        assert _status(urllib.request.Request(f"{url}{path}", b"{}", method=method)) == 404
    assert text not in log.read_text("utf-8", errors="replace")


@pytest.mark.processes
@pytest.mark.timeout(240)
def test_bad_requests_do_not_end_it(server: tuple[str, Path]) -> None:
    url, _ = server
    for body in (b"", b"not json", b'{"text": 5}', b"[]", b'{"text": "' + b"a" * 200_000 + b'"}'):
        assert _status(urllib.request.Request(f"{url}/model/parse", body)) in (200, 400, 413, 500)
    assert _status(urllib.request.Request(url)) == 200


def test_a_missing_model_is_one_clear_line() -> None:
    require(PYTHON.exists(), "Rasa's environment is missing: run `make setup`")
    finished = subprocess.run(
        [str(PYTHON), str(RASA / "serve.py"), "--model", "/nowhere/nlu.tar.gz", "--port", "1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 1
    assert "hotline setup" in finished.stderr
