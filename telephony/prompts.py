"""The sentences that the phone says by itself, rendered ahead so that they play whatever else is down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from enum import Enum
from typing import Any, Final, Protocol

from base.errors import HotlineError
from base.logs import get_logger
from telephony import audio

log = get_logger("telephony.prompts")

_LEARNED_LIMIT: Final = 160  # greetings, hot topics, and the few pieces that tell where a caller stands
_RETRY_SECONDS: Final = 5.0


class Speech(Protocol):
    """Text to audio; the real one is `telephony.speech.SpeechClient`."""

    def stream(self, text: str, *, speed: float | None = None) -> AsyncGenerator[bytes, None]:
        """PCM16 at 8 kHz, one chunk for each piece of `telephony.voice.sentences.split`."""
        ...


class Prompt(Enum):
    """Every fixed sentence of the phone."""

    GREETING = "您好，12345机器人，通话会录音。"
    GREETING_NOT_RECORDED = "您好，12345机器人，请讲。"
    SILENCE_FIRST = "您好，请问您还在吗？请说出您的问题。"
    SILENCE_YES_NO = "是的话请说对，不是请说不对。"
    SILENCE_NUMBER = "请一个数字一个数字地说，也可以在电话上按出来，按完按井号键。"
    SILENCE_SECOND = "我没有听到您的声音。请说出您的问题，或者按零转人工。"
    ARE_YOU_BACK = "您回来了吗？回来了请说一声。"
    WAITING = "好的，您慢慢来，我等着。"
    SLOWER = "好的，我慢一点说。"
    LOUDER = "好的，我大声一点。"
    NOT_HEARD = "不好意思，我没有听清，请您再说一遍。"
    GO_ON = "您请讲。"
    FILLER = "请稍等，我查一下。"
    FILLER_MOMENT = "好的，您稍等。"
    FILLER_LOOKING = "嗯，我看一下。"
    FILLER_AGAIN = "还在查询，请您再等一下。"
    FILLER_STILL = "还要一会儿，请您别挂机。"
    CORE_AWAY = "系统正在恢复，请您稍等，不要挂机。"
    GIVE_UP = "非常抱歉，系统暂时无法回答。我们会尽快给您回电，再见。"
    KEYPAD = "抱歉，语音识别暂时不可用。转人工请按零。需要回电，请输入您的电话号码，按井号键结束。"
    WAITING_FOR_SEAT = "正在为您接通人工，请不要挂机。"
    EMERGENCY_TRANSFER_FAILED = "转接没有接通，请您马上挂机，直接拨打急救或报警电话。"
    TIME_IS_UP = "本次通话时间已到。没有说完的事情，我们会给您回电，再见。"
    BUSY = "您好，12345热线，现在来电较多，请您稍等。"
    BUSY_INFORMED = "刚才说的如果就是您要问的，现在可以挂机；如果是别的事，请您继续等候。"
    BUSY_OFFER = "如遇紧急危险，请直接拨打110、119、120。要人工，请按0。要我们给您回电，请按1，或者说回电。"
    BUSY_OFFER_KEYS = "如遇紧急危险，请直接拨打110、119、120。要人工，请按0。要我们给您回电，请按1。"
    STILL_WAITING = "请您继续等待，不要挂机。"
    YOUR_TURN = "让您久等了。"
    RECORDED = "本次通话会录音。"
    CALLBACK_CONFIRM = "给您来电的号码回电，确认请按井号键。换一个号码，请直接输入，再按井号键。"
    CALLBACK_CONFIRM_AGAIN = "没有听清。确认给您回电，请说对，或者按井号键。"
    CALLBACK_OTHER_NUMBER = "换一个号码，请直接输入，再按井号键。"
    CALLBACK_NUMBER = "请输入您的电话号码，按井号键结束。"
    CALLBACK_NUMBER_AGAIN = "这不像是电话号码。请再输入一次，按井号键结束。"
    CHOICE_LAPSED = "好的，您继续等待，位置不变。"
    CALLBACK_NOTED = "您的回电请求已记录，我们会尽快联系您，再见。"
    VOICE_TROUBLE = "抱歉，语音播报暂时有问题，请稍后再拨，或者按零转人工。"


class PromptBook:
    """Audio of the fixed prompts, and of a few other texts (greetings) that the core has asked for at the start."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._audio: dict[str, bytes] = {}
        self._learning: dict[str, asyncio.Task[bytes]] = {}
        self._at_speed: dict[float, dict[str, bytes]] = {}
        self._learning_speed: dict[float, asyncio.Task[None]] = {}

    def of(self, prompt: Prompt, speed: float = 1.0) -> bytes | None:
        """The audio at this speed, or at the usual one where the other is not rendered yet."""
        return self._at_speed.get(speed, {}).get(prompt.value) or self._audio.get(prompt.value)

    def want_speed(self, speed: float) -> None:
        """Some caller needs the prompts at this speed: they are rendered in the background, once a process."""
        if speed != 1.0 and speed not in self._learning_speed:
            self._learning_speed[speed] = asyncio.create_task(self._learn_at(speed))

    async def _learn_at(self, speed: float) -> None:
        known = self._at_speed.setdefault(speed, {})
        for prompt in Prompt:
            try:
                known[prompt.value] = b"".join(
                    [piece async for piece in self._speech.stream(prompt.value, speed=speed)]
                )
            except (HotlineError, OSError, TimeoutError) as error:
                log.info("a prompt could not be rendered at another speed", speed=speed, problem=str(error))

    def of_text(self, text: str) -> bytes | None:
        return self._audio.get(text)

    @property
    def complete(self) -> bool:
        return all(prompt.value in self._audio for prompt in Prompt)

    async def learn(self, text: str) -> bytes:
        """Render a text and remember it; concurrent calls for one text render once, and go on if a caller gives up.

        Raises:
            HotlineError: the renderer cannot.
        """
        if (known := self._audio.get(text)) is not None:
            return known
        return await asyncio.shield(self._learn(text))

    def want(self, text: str) -> None:
        """Somebody will soon need this text: it is learned in the background."""
        if text not in self._audio:
            self._learn(text)

    def _learn(self, text: str) -> asyncio.Task[bytes]:
        task = self._learning.get(text)
        if task is None:
            task = self._learning[text] = asyncio.create_task(self._render(text))
            task.add_done_callback(lambda done: self._learned(text, done))
        return task

    def _learned(self, text: str, task: asyncio.Task[bytes]) -> None:
        self._learning.pop(text, None)
        if not task.cancelled() and (error := task.exception()):
            log.info("a sentence could not be rendered ahead", problem=str(error))

    async def _render(self, text: str) -> bytes:
        pieces = [piece async for piece in self._speech.stream(text)]
        sound = b"".join(pieces)
        if not sound:
            raise HotlineError("the renderer gave no audio")
        if len(self._audio) >= len(Prompt) + _LEARNED_LIMIT:
            fixed = {prompt.value for prompt in Prompt}
            self._audio.pop(next(key for key in self._audio if key not in fixed), None)
        self._audio[text] = sound
        return sound

    async def prepare(self) -> None:
        """Render all prompts, the greeting first; try again until the renderer has done them all."""
        while not self.complete:
            failures = 0
            for prompt in Prompt:
                try:
                    await self.learn(prompt.value)
                except (HotlineError, OSError, TimeoutError):
                    failures += 1
                    break
            if failures:
                await asyncio.sleep(_RETRY_SECONDS)
        log.info(
            "prompts are ready",
            prompts=len(Prompt),
            greeting_seconds=round(audio.seconds_of(self._audio[Prompt.GREETING.value]), 2),
        )

    async def close(self) -> None:
        tasks: list[asyncio.Task[Any]] = [*self._learning.values(), *self._learning_speed.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
