"""The whole system, once for all end-to-end tests, and the caller's voice."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from needs import require
from playwright.sync_api import Page
from sipp_telephone import HOST

from base.settings import ROOT
from hotline.trial.system import System
from hotline.trial.voice import CallerVoice
from telephony.caller import free_port


@pytest.fixture(scope="session")
def short_desk_times() -> dict[str, str]:
    """What takes its time at a desk, short enough for a test."""
    return {
        "HOTLINE_SEATS__HEARTBEAT_SECONDS": "9",
        "HOTLINE_SEATS__OFFER_PAUSE_SECONDS": "8",
        "HOTLINE_SEATS__WRAP_UP_SECONDS": "0",
    }


@pytest.fixture(scope="session")
def short_directory() -> Iterator[Path]:
    """Unix sockets have names of at most 107 bytes: pytest's own folders are too deep."""
    path = Path(tempfile.mkdtemp(prefix="hl"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def trunk_port() -> int:
    """Where the telephones of citizens whom we call are (`sipp_telephone.py`)."""
    return free_port(HOST)


@pytest.fixture(scope="session")
def site_port() -> int:
    """Where a page of another site is served that shows the chat in a frame."""
    return free_port()


@pytest.fixture(scope="session")
def system(
    short_directory: Path, models: Path, trunk_port: int, site_port: int, short_desk_times: dict[str, str]
) -> Iterator[System]:
    del models
    environment = {
        "HOTLINE_TELEPHONY__TRUNK_URI": f"sip:{{number}}@{HOST}:{trunk_port}",
        "HOTLINE_CALLING__FIRST_HOUR": "0",  # tests run at any hour
        "HOTLINE_CALLING__LAST_HOUR": "24",
        "HOTLINE_WEB__ALLOWED_ORIGINS": f'["http://127.0.0.1:{site_port}"]',
        **short_desk_times,
    }
    running = System(short_directory / "var", environment)
    running.prepare()
    running.start()
    yield running
    left = running.children()
    running.stop()
    assert [process for process in left if process.is_running() and process.status() != "zombie"] == []


@pytest.fixture(scope="session")
def chromium() -> Path:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require(found is not None, "no Chromium on this machine (Debian: apt-get install chromium)")
    return Path(str(found))


TRIES = 10
"""How often a page with findings is looked at again: what remains after as many looks is a finding."""


def serious(page: Page) -> list[str]:
    found = page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.impact, v.nodes.length, v.nodes[0].html])"
    )
    return [
        f"{name}: {nodes} nodes, first {html[:160]}"
        for name, impact, nodes, html in found
        if impact in ("serious", "critical")
    ]


@pytest.fixture(scope="session")
def serious_findings() -> Callable[[Page], list[str]]:
    """What axe finds serious or critical on a page whose context bypasses the content security policy."""
    axe = (ROOT / "gateway/web/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")

    def findings(page: Page) -> list[str]:
        page.evaluate(axe)
        found: list[str] = []
        for _ in range(TRIES):  # a colour that still fades in, or begins to, is not the page's
            page.evaluate(
                "() => Promise.all(document.getAnimations()"
                ".filter(a => a.effect.getComputedTiming().endTime !== Infinity).map(a => a.finished.catch(() => {})))"
            )
            found = serious(page)
            if not found:
                break
            page.wait_for_timeout(700)
        return found

    return findings


@pytest.fixture(scope="session")
def voice(models: Path, tmp_path_factory: pytest.TempPathFactory) -> CallerVoice:
    """Questions spoken by the synthetic voice, as A-law telephone recordings."""
    return CallerVoice(models, tmp_path_factory.mktemp("spoken"))
