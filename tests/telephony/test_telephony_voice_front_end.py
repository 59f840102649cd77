"""Syllables, tones and breaks: polyphones by phrase, sandhi, letters; cutting into sentences."""

from __future__ import annotations

from pathlib import Path

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.voice.normaliser import normalise
from telephony.voice.pronunciation import syllables
from telephony.voice.sentences import pause_after_seconds, split


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> jieba.Tokenizer:
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(tmp_path_factory.mktemp("jieba"))
    return tokenizer


def _pinyin(text: str, words: jieba.Tokenizer) -> str:
    return " ".join(f"{s.pinyin}{s.tone}{'r' if s.rhotic else ''}" for s in syllables(normalise(text), words.lcut))


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("重新办理", "chong2 xin1 ban4 li3"),
        ("重要", "zhong4 yao4"),
        ("银行行长", "yin2 hang2 hang2 zhang3"),
        ("自行车", "zi4 xing2 che1"),
        ("长者食堂", "zhang2 zhe3 shi2 tang2"),
        ("长江", "chang2 jiang1"),
        ("还款日期", "huan2 kuan3 ri4 qi1"),
        ("还有", "hai2 you3"),
        ("为您服务", "wei4 nin2 fu2 wu4"),
        ("办得很好", "ban4 de5 hen2 hao3"),
        ("您得去一趟", "nin2 dei3 qu4 yi2 tang4"),
        ("慢慢地走", "man4 man4 de5 zou3"),
        ("土地使用", "tu3 di4 shi3 yong4"),
        ("供暖", "gong1 nuan3"),
        ("空调", "kong1 tiao2"),
        ("调查", "diao4 cha2"),
        ("街道办事处", "jie1 dao4 ban4 shi4 chu4"),
        ("没收", "mo4 shou1"),
        ("都可以", "dou1 ke2 yi3"),
        ("首都", "shou3 du1"),
        ("朝阳区", "chao2 yang2 qu1"),
        ("马家堡", "ma3 jia1 pu4"),
        ("大栅栏", "da4 shi2 lan4"),
        ("什刹海", "shi2 cha4 hai3"),
        ("着火了", "zhao2 huo3 le5"),
        ("人行道", "ren2 xing2 dao4"),
        ("税率", "shui4 lv4"),
    ],
)
def test_polyphones(text: str, pinyin: str, words: jieba.Tokenizer) -> None:
    assert _pinyin(text, words) == pinyin


_POLYPHONES = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "voice_cases" / "polyphones.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("# ")
]


@pytest.mark.parametrize(("marked", "readings"), _POLYPHONES)
def test_polyphones_in_sentences(marked: str, readings: str, words: jieba.Tokenizer) -> None:
    """A third tone may be heard as a second, by sandhi."""
    before, _, rest = marked.partition("[")
    spoken = syllables(normalise(before + rest.replace("]", "")), words.lcut)
    heard = spoken[len(normalise(before).replace("，", ""))]
    wanted = readings.split("/")
    wanted += [f"{reading[:-1]}2" for reading in wanted if reading.endswith("3")]
    assert f"{heard.pinyin}{heard.tone}" in wanted


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("一个", "yi2 ge4"),
        ("一起", "yi4 qi3"),
        ("第一次", "di4 yi1 ci4"),
        ("统一", "tong3 yi1"),
        ("1月1日", "yi1 yue4 yi1 ri4"),
        ("1998年", "yi1 jiu2 jiu3 ba1 nian2"),
        ("看一看", "kan4 yi5 kan4"),
        ("不是", "bu2 shi4"),
        ("不能", "bu4 neng2"),
        ("12345", "yao1 er4 san1 si4 wu3"),
        ("女儿", "nv3 er2"),
        ("这儿", "zhe4r"),
    ],
)
def test_tones_that_change(text: str, pinyin: str, words: jieba.Tokenizer) -> None:
    assert _pinyin(text, words) == pinyin


def test_letters_are_spelled(words: jieba.Tokenizer) -> None:
    assert _pinyin("A座", words) == "ei1 zuo4"
    assert _pinyin("APP", words) == "ei1 pi1 pi1"


def test_breaks_follow_the_marks(words: jieba.Tokenizer) -> None:
    spoken = syllables("您好，这里是北京市。", words.lcut)
    assert [s.break_after for s in spoken if s.pinyin == "hao"] == [3]
    assert spoken[-1].break_after == 3
    number = syllables(normalise("13800138000"), words.lcut)
    assert [index for index, s in enumerate(number) if s.break_after == 2] == [2, 6]


@given(st.text(max_size=40))
def test_every_text_has_syllables_of_the_alphabet(text: str) -> None:
    for syllable in syllables(normalise(text), list):
        assert 1 <= syllable.tone <= 5
        assert 0 <= syllable.break_after <= 3
        assert syllable.pinyin.isascii()


def test_the_first_piece_is_short() -> None:
    pieces = split("您好，这里是北京市12345市民服务热线，我是智能语音助手。请问您有什么问题？")
    assert pieces[0] == "您好，这里是北京市12345市民服务热线，"
    assert pieces[-1] == "请问您有什么问题？"


@pytest.mark.parametrize(
    "text",
    ["费用是3.5元，共1,200元。", "时间是9:00-17:30。", "请访问 https://a.gov.cn/x?a=1 查询。", "占比12.5%以上"],
)
def test_numbers_and_addresses_are_not_cut(text: str) -> None:
    for piece in split(text):
        assert not piece.startswith((".", "5", "200", "30", "a=1", "gov"))


@pytest.mark.parametrize("text", ["", "   ", "。。。", "\n\n", "——"])
def test_nothing_to_say(text: str) -> None:
    assert split(text) == []


@given(st.text(alphabet="停水了吗。，！？、；a1. \n：", max_size=300))
def test_cutting_loses_no_word_and_keeps_pieces_short(text: str) -> None:
    pieces = split(text)
    kept = "".join("".join(pieces).split())
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]
    assert all(len(piece) <= 130 and piece.strip() == piece and piece for piece in pieces)


def test_pauses_follow_the_marks() -> None:
    assert pause_after_seconds("停水了。") > pause_after_seconds("停水了，") > 0.05
    assert pause_after_seconds("他说“停水了。”") == pause_after_seconds("停水了。")


def test_jieba_writes_only_where_it_is_told(tmp_path: Path) -> None:
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(tmp_path)
    tokenizer.initialize()
    assert list(tmp_path.iterdir())
