"""What the callers of the benchmark say, made once by our own synthetic voice as A-law or mu-law telephone audio.

Half of the calls ask about policy, half make a complaint and answer what the bot asks. Each sentence takes about five
seconds. The voice is synthetic because a dialogue needs answers that fit its questions; recordings of read news would
end in "I did not understand" and a seat, which is cheaper for the system than a real call.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from hotline.trial.voice import CallerVoice
from telephony.audio import pcm_to_alaw, pcm_to_ulaw, read_wav, silence, to_pcm

QUESTIONS: Final = (
    "你好,我是外地来北京的,什么情况下可以申领居住证?",
    "我想问一下,我们小区的物业服务费应该怎么收呢?",
    "麻烦你查一下,今年冬天供暖是从什么时候开始的?",
    "我刚刚养了一条小狗,请问养狗需要办理登记吗?",
    "公司拖欠了我两个月的工资,我应该到哪里去反映?",
    "请问一下,住房公积金在什么情况下可以提取呢?",
    "我的身份证前几天弄丢了,想补办一张要多久呢?",
    "我想了解一下,孩子出生以后多久要去上户口呢?",
    "我在网上买了一件衣服,七天之内可以退货吗?",
    "请问半夜工地还在施工,吵得睡不着觉该找谁管?",
    "我们楼下的饭馆油烟特别大,归哪个部门管呢?",
    "请问护照快要到期了应该怎么换发,要多长时间?",
)
COMPLAINTS: Final = (
    "你好,我要投诉,我们小区门口的路灯坏了三天了。",
    "你好,我要反映,我们家楼上漏水,物业一直不管。",
    "你好,我想投诉,小区门口的马路上全是坑没人修。",
    "你好,我要反映,我们那条路上的井盖坏了好几天。",
)
ANSWERS: Final = {
    "detail": "别的情况就没有了,就是希望尽快来处理一下。",
    "place": "就在海淀区学院路街道,我们小区南门的外面。",
    "event_time": "是从昨天晚上七点多开始的,一直到今天都这样。",
    "subject": "具体是哪一家单位负责的,这个我不太清楚。",
    "appeal": "我的要求就是希望有关部门尽快派人来修好。",
    "contact_name": "我姓王,打电话的时候叫我王女士就可以了。",
    "contact_phone": "我的电话是一三九,零零零零,一二三四。",
    "confidential": "不用保密,我的信息可以告诉办理的单位。",
    "confirm_order": "对的,没有错,就按照你刚才说的来登记吧。",
    "confirm_question": "是的,我想问的就是这个问题,麻烦你说一说。",
}
SPEED: Final = 0.8
LINE_NOISE: Final = 0.0015


@dataclass(frozen=True, slots=True)
class Utterance:
    """Frames of 20 ms; voice is in frames `first_voiced` to `last_voiced`."""

    text: str
    frames: list[bytes]
    first_voiced: int
    last_voiced: int

    @property
    def seconds(self) -> float:
        return len(self.frames) * 0.02


def _frames(pcm: bytes, payload_type: int) -> list[bytes]:
    coded = (pcm_to_alaw if payload_type == 8 else pcm_to_ulaw)(pcm)
    return [coded[start : start + 160] for start in range(0, len(coded) - 159, 160)]


def utterance(text: str, wav: Path, payload_type: int) -> Utterance:
    pcm = read_wav(wav)
    pcm += silence((-len(pcm) // 2 % 160) / 8_000)
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64).reshape(-1, 160)
    level = np.sqrt((samples**2).mean(axis=1))
    voiced = np.flatnonzero(level > max(150.0, 0.05 * float(level.max())))
    return Utterance(text, _frames(pcm, payload_type), int(voiced[0]), int(voiced[-1]))


def line_noise(payload_type: int) -> list[bytes]:
    """Two seconds of a quiet telephone line, to be sent over and over."""
    noise = np.random.default_rng(12345).normal(0.0, LINE_NOISE, 16_000)
    return _frames(to_pcm(noise.astype(np.float32)), payload_type)


class Words:
    """All utterances of the benchmark, for both codecs."""

    def __init__(self, voice: CallerVoice) -> None:
        texts = [*QUESTIONS, *COMPLAINTS, *ANSWERS.values()]
        paths = {text: voice.say(text, speed=SPEED) for text in texts}
        self.noise = {kind: line_noise(kind) for kind in (8, 0)}
        self._made = {(kind, text): utterance(text, paths[text], kind) for kind in (8, 0) for text in texts}

    def of(self, text: str, payload_type: int) -> Utterance:
        return self._made[payload_type, text]
