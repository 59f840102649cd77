"""A language model of the city's own may put the words of a clause plainly. It is never asked what the answer is.

Sent: the quoted words of a published clause, nothing that a citizen said. What comes back is said only if
`knowledge.rewording` finds nothing against it and each sentence is near in meaning to its source; on any doubt, error
or delay the quoted words are said as they are. Off unless an endpoint is set.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol

import aiohttp
from pydantic import BaseModel, Field, ValidationError

from base.clock import Clock
from base.errors import ConfigurationError
from base.logs import get_logger
from base.sections.dialogue import RephrasingSettings
from knowledge import rewording
from knowledge.embedding import Vectors

_log = get_logger(__name__)
NEAR_IN_MEANING: Final = 0.96  # cosine of e5: 0.964 and more for faithful rewordings, up to 0.958 for others (0044)
_FAILURES_TO_REST: Final = 3
_REST_SECONDS: Final = 30.0
_AT_ONCE: Final = 4  # questions under way; a fifth citizen hears the clause itself
_REMEMBERED: Final = 500
_LONGEST_ANSWER_BYTES: Final = 64 * 1024
_TASK: Final = (
    "把用户给出的法规条文逐句改写成普通市民一听就懂的话。句子的数量和顺序不变；数字、期限、金额、条件、例外，以及“不得”“应当”“可以”的意思"
    "都要保留；不增加任何内容，不解释，不评论。只输出改写后的文字。"
)

Result = Literal["said", "refused", "failed", "resting", "busy"]


class PassageEncoder(Protocol):
    """`knowledge/embedding.py`. Blocking."""

    @property
    def available(self) -> bool: ...

    def passages(self, texts: Sequence[str]) -> Vectors: ...


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    """What is read of the answer of `/chat/completions`."""

    choices: list[_Choice] = Field(min_length=1)


class Rephraser:
    """One a process; `close` at the end. `counted` is told what became of each wish to put a clause plainly."""

    def __init__(
        self,
        settings: RephrasingSettings,
        encoder: PassageEncoder,
        *,
        clock: Clock,
        counted: Callable[[Result], None] = lambda result: None,
    ) -> None:
        """Raises ConfigurationError: the key's file cannot be read."""
        self._settings = settings
        self._encoder = encoder
        self._clock = clock
        self._counted = counted
        self._key = _key_of(settings)
        self._session: aiohttp.ClientSession | None = None
        self._answers: OrderedDict[str, str] = OrderedDict()
        self._under_way = 0
        self._failures = 0
        self._rests_until = 0.0

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def plainly(self, quoted: str) -> str:
        """The words of a clause put plainly, or nothing where they had better be said as they are. Never raises for
        what the endpoint does, and takes no longer than its deadline and the check (some 20 ms a sentence)."""
        if not self._settings.endpoint or not self._encoder.available:
            return ""
        if quoted in self._answers:
            self._answers.move_to_end(quoted)
            return self._answers[quoted]
        if self._clock.monotonic() < self._rests_until:
            return self._without("resting")
        if self._under_way >= _AT_ONCE:
            return self._without("busy")
        self._under_way += 1
        try:
            answer = await self._asked(quoted)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._failed(error)
            return self._without("failed")
        finally:
            self._under_way -= 1
        self._failures = 0
        against = await asyncio.to_thread(self._against, quoted, answer)
        if against is not None:
            _log.info("a rewording was refused", reason=against)
        self._remember(quoted, "" if against is not None else answer)
        self._counted("said" if against is None else "refused")
        return self._answers[quoted]

    async def _asked(self, quoted: str) -> str:
        """
        Raises:
            aiohttp.ClientError, TimeoutError: no answer in time. ValueError: none that can be read.
        """
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._settings.deadline_seconds)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        body = {
            "model": self._settings.model,
            "temperature": 0,
            "max_tokens": 2 * len(quoted) + 50,
            "messages": [{"role": "system", "content": _TASK}, {"role": "user", "content": quoted}],
        }
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        url = f"{self._settings.endpoint.rstrip('/')}/chat/completions"
        async with self._session.post(url, json=body, headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                raise ValueError(f"the model answered with status {response.status}")
            text = await response.content.read(_LONGEST_ANSWER_BYTES + 1)
            while not response.content.at_eof() and len(text) <= _LONGEST_ANSWER_BYTES:
                text += await response.content.read(_LONGEST_ANSWER_BYTES + 1 - len(text))
        if len(text) > _LONGEST_ANSWER_BYTES:
            raise ValueError("the model's answer is too long")
        try:
            return _Completion.model_validate(json.loads(text)).choices[0].message.content.strip()
        except ValidationError as error:
            raise ValueError(f"the model's answer has another form: {error.error_count()} fields") from error

    def _against(self, quoted: str, answer: str) -> str | None:
        """What speaks against saying `answer`. Blocking."""
        found = rewording.problem(quoted, answer)
        if found is not None:
            return found
        pairs = rewording.pairings(quoted, answer)
        vectors = self._encoder.passages([text for pair in pairs for text in (pair.source, pair.reworded)])
        nearest = min(float(one @ other) for one, other in zip(vectors[::2], vectors[1::2], strict=True))
        return None if nearest >= NEAR_IN_MEANING else f"another meaning ({nearest:.3f})"

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        _log.warning("the language model does not answer", error=type(error).__name__, reason=str(error))
        if self._failures >= _FAILURES_TO_REST:
            self._rests_until = self._clock.monotonic() + _REST_SECONDS

    def _without(self, result: Result) -> str:
        self._counted(result)
        return ""

    def _remember(self, quoted: str, answer: str) -> None:
        self._answers[quoted] = answer
        while len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)


def _key_of(settings: RephrasingSettings) -> str:
    if settings.key_file is None:
        return ""
    try:
        return settings.key_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"rephrasing.key_file {settings.key_file} cannot be read: {error}") from error
