"""Which district and street a citizen means, and the address behind it.

Text is matched in three steps, each only where the one before found nothing: the official name, its short form or an
alias, letter for letter; the same by sound (typed homophones such as 梨圆镇); and, for speech, the best-sounding name
with the confusions of the telephone. A name that stands in two districts (八里庄街道) is resolved by a district in the
text, else all are returned as candidates for the bot to ask about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from base.pinyin import merged, syllables
from bot.entities import address as address_text
from bot.entities import place_aside
from bot.entities.district_sound import DistrictEar
from bot.entities.gazetteer import DEFAULT_PATH, SUFFIXES, Gazetteer, Street
from bot.entities.place_aside import Spot
from bot.entities.place_finding import PlaceFinding
from bot.entities.place_mention import Mention, at_corner, beside, is_road, is_street, overlap, resolve, without_guesses
from bot.entities.place_sound import EXACT, SoundIndex, best_possible
from bot.entities.sounded_text import HANZI, sounded

_SUFFIX_AFTER: Final = re.compile("|".join(SUFFIXES))
_WORD_GOES_ON: Final = {
    "朝阳": "门",
    "大兴": "土安庄国",
    "海淀": "街镇",
    "丰台": "街镇",
    "怀柔": "镇地",
    "密云": "镇",
    "延庆": "镇",
}
_RAILWAY_LINE: Final = "线"  # 昌平线 runs through three districts
# Names that two other words make together, with what stands before or behind them then (早[上地]铁, 交[通运]输).
_NO_NAME_BEHIND: Final = {
    "上地": "晚早马路街楼网地身车墙天手边床桌树以能乘坐",
    "上庄": "以马",
    "通运": "交",
    "椿树": "香",
    "朝外": "门窗",
    "三间房": "家盖租住有占买分",
}
_NO_NAME_BEFORE: Final = {"上地": "铁下板砖面漏毯暖", "大台": "阶", "双井": "盖"}
# Shares of the best possible score that a heard name needs: to be taken, and to be offered among others; and the lead
# over the next name that leaves no doubt. Where nobody asked it must follow its district: a place that is put into a
# story by its sound alone would not be asked for.
_HEARD_SURE: Final = 0.68
_HEARD_DOUBTFUL: Final = 0.64
_HEARD_MARGIN: Final = 1.2
_BEHIND_DISTRICT: Final = 2  # characters
_ANSWER_SYLLABLES: Final = 18  # a longer text is no mere answer to "where?"
_NO_PLACE: Final = re.compile(r"[不没您你我吗呢呐么啥谁]|什么|知道|清楚|真人|随便|等")
_NOWHERE: Final = re.compile(r"网上|网购|线上|网店|淘宝|京东|拼多多|抖音|直播|电话里")
_ALONE: Final = re.compile(r"[这那]|附近|旁边")  # behind a name that is all there is of an address
_NAMED_BY_ITSELF: Final = re.compile(r"(?:^|[\s,，。;；!！?？:：]|[在住到]|[区县市])$")
_IN_DISTRICT_BONUS: Final = 2.5
_GOES_ON: Final = r"(?!第|附属|附中|附小|分校|[^,，。;；!！?？\s的]{0,4}(?:医院|校区|院区))"
"""Behind a landmark: 北京大学第一医院 and 清华大学附属长庚医院 bear a name and stand elsewhere."""
_BY_LANDMARK: Final = 0.6  # how sure a district is that only a landmark tells


class PlaceMatcher:
    """Built once (about 50 ms), then pure; safe to use from several threads."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._by_name: dict[str, list[Street]] = {}
        for street in gazetteer.streets:
            for form in {street.name, street.bare}:
                self._by_name.setdefault(form, []).append(street)
        named = {street.name: street for street in gazetteer.streets}
        for alias, names in gazetteer.aliases.items():
            known = self._by_name.setdefault(alias, [])
            known.extend(named[name] for name in names if named[name] not in known)
        forms = sorted(self._by_name, key=len, reverse=True)
        self._exact = re.compile("|".join(map(re.escape, forms)))
        self._short_districts = {district.removesuffix("区"): district for district in gazetteer.districts}
        self._district = re.compile(
            "|".join(map(re.escape, sorted((*gazetteer.districts, *self._short_districts), key=len, reverse=True)))
        )
        marks = sorted(gazetteer.landmarks, key=len, reverse=True)
        self._landmark = re.compile(rf"(?:{'|'.join(map(re.escape, marks))}){_GOES_ON}" if marks else r"(?!)")
        self._district_sounds = {
            tuple(merged(syllable) for syllable in syllables(short)): district
            for short, district in self._short_districts.items()
        }
        self._district_ear = DistrictEar(gazetteer.districts)
        self._rows = [(street, row) for street in gazetteer.streets for row in street.sounds]
        self._index = SoundIndex([row for _, row in self._rows])
        self._by_sound: dict[tuple[str, ...], list[Street]] = {}
        for street, row in self._rows:
            same = self._by_sound.setdefault(tuple(merged(syllable.removesuffix(EXACT)) for syllable in row), [])
            if street not in same:
                same.append(street)

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> PlaceMatcher:
        """A matcher for the gazetteer in `path`.

        Raises:
            ConfigurationError: the file cannot be used.
        """
        return cls(Gazetteer.load(path))

    @property
    def districts(self) -> tuple[str, ...]:
        return self._gazetteer.districts

    def streets_of(self, district: str) -> tuple[str, ...]:
        return tuple(street.name for street in self._gazetteer.streets if street.district == district)

    def find(self, text: str, *, spoken: bool = False, asked: bool = False, district: str = "") -> PlaceFinding:
        """The place that `text` names.

        Args:
            text: what was typed or recognised.
            spoken: it came through a recogniser: match by sound with the telephone's confusions too.
            asked: the place was just asked for, so that everything beside district and street is the address.
            district: one that is already known, used where the text names none.
        """
        spots = self._spots(text)
        if not asked and place_aside.only_gone_to(text, spots):
            return PlaceFinding()
        if passed := place_aside.beside(text, spots):
            near = {name for spot in passed for name in spot.districts}
            hint = district or (near.pop() if len(near) == 1 else "")
            kept = [spot for spot in spots if spot not in passed]
            left = place_aside.without(text, passed)
            found = self._find(left, kept, spoken=spoken, asked=asked, district=hint)
            if found.street:
                return found
        return self._find(text, spots, spoken=spoken, asked=asked, district=district)

    def _find(self, text: str, spots: list[Spot], *, spoken: bool, asked: bool, district: str) -> PlaceFinding:
        """`spots`: what the text names (`_spots`)."""
        home = place_aside.only_home(text, spots)
        text = place_aside.without_asides(text, spots)
        mentions = self._district_mentions(text)
        named = mentions[0].district if mentions else ""
        marked = [mark.span() for mark in self._landmark.finditer(text)]
        streets = self._exact_mentions(text, mentions, district)
        if named and streets and not any(street.district == named for m in streets for street in m.streets):
            alike = self._homophone_mentions(text, mentions, district, asked=asked)
            there = [m for m in alike if any(street.district == named for street in m.streets)]
            streets = [m for m in streets if not overlap(m, there)] + there  # 石景山平[果园街道] is 苹果园 there
        if not any(mention.suffixed for mention in streets):
            alike = self._homophone_mentions(text, mentions, district, asked=asked)
            named_plainly = any(not mention.road for mention in streets)
            streets += [m for m in alike if not overlap(m, streets) and (not named_plainly or m.suffixed)]
        streets = [m for m in streets if not any(begin < m.start < end for begin, end in marked)]  # 物资[学院路]
        streets = without_guesses(text, streets, asked=asked)
        if not asked:
            streets = [m for m in streets if not (m.road and at_corner(text, m.end))]
        if not mentions:
            mentions = self._district_by_sound(text, spoken=spoken)
            named = mentions[0].district if mentions else ""
            if mentions and not streets:
                streets = self._exact_mentions(text, mentions, "") or self._homophone_mentions(
                    text, mentions, "", asked=asked
                )
        if not mentions and spoken and asked and (heard := self._heard_district(text, streets)):
            mentions, named = [heard], heard.district
        if not streets and spoken:
            known_spans = [*marked, *((mention.start, mention.end) for mention in mentions)]
            blank = "".join("," if any(a <= i < b for a, b in known_spans) else c for i, c in enumerate(text))
            ends = [mention.end for mention in mentions]
            streets = self._heard_mentions(blank, named or district, ends, asked=asked)
        place = resolve(streets, named, district)
        if not place.district and not district and (mark := self._landmark.search(text)):
            known = self._gazetteer.landmarks[mark.group()]
            place = resolve(streets, "", known)
            place = place if place.district else replace(place, district=known, candidates=(), confidence=_BY_LANDMARK)
        spans = [(mention.start, mention.end) for mention in mentions]
        spans = [span for span in spans if not any(a <= span[0] and span[1] < b for a, b in marked)]  # 朝阳公园
        spans += [
            (mention.start, mention.end)
            for mention in streets
            if any(street.name == place.street for street in mention.streets) and is_street(text, mention, streets)
        ]
        return PlaceFinding(
            place.district,
            place.street,
            address_text.extract(text, spans, asked=asked),
            place.candidates,
            place.confidence,
            home,
        )

    def _spots(self, text: str) -> list[Spot]:
        """Every district, street and landmark that is named letter for letter."""
        districts = self._district_mentions(text)
        spots = [Spot(mention.start, mention.end, frozenset({mention.district}), True) for mention in districts]
        spots += [
            Spot(mention.start, mention.end, frozenset(street.district for street in mention.streets))
            for mention in self._exact_mentions(text, districts, "")
        ]
        marks = self._gazetteer.landmarks
        spots += [
            Spot(mark.start(), mark.end(), frozenset({marks[mark.group()]})) for mark in self._landmark.finditer(text)
        ]
        return spots

    def rank(self, text: str, limit: int = 5, *, district: str = "") -> list[tuple[str, float]]:
        """Official street names by how well the text sounds like them, best first, with their alignment scores.

        A street of `district` (or of one named in the text) is preferred.
        """
        return [(street.name, score) for street, score, _, _ in self._ranked(text, district)[:limit]]

    def _ranked(self, text: str, district: str) -> list[tuple[Street, float, float, int]]:
        """(street, score, share of the best possible score, end) with one row a name, best first."""
        heard = sounded(text)
        if not heard.sounds:
            return []
        mentions = self._district_mentions(text)
        district = mentions[0].district if mentions else district
        scores, ends = self._index.scores(heard.sounds)
        best: dict[str, tuple[Street, float, float, int]] = {}
        for (street, row), score, end in zip(self._rows, scores.tolist(), ends.tolist(), strict=True):
            value = score + (_IN_DISTRICT_BONUS if district and street.district == district else 0.0)
            if street.name not in best or value > best[street.name][1]:
                best[street.name] = (street, value, score / best_possible(row), end)
        return sorted(best.values(), key=lambda item: (-item[1], len(item[0].bare), item[0].name))

    def _district_mentions(self, text: str) -> list[Mention]:
        found: list[Mention] = []
        for match in self._district.finditer(text):
            name = match.group()
            following = text[match.end() : match.end() + 1]
            goes_on = following and following in _WORD_GOES_ON.get(name, "") + _RAILWAY_LINE
            if name not in self._gazetteer.districts and goes_on:
                continue
            found.append(Mention(match.start(), match.end(), district=self._short_districts.get(name, name)))
        return found

    def _district_by_sound(self, text: str, *, spoken: bool) -> list[Mention]:
        """`通洲区`, and `通洲` where a sentence names its place first. Speech: also with 区 misheard as 去, 曲."""
        for run in HANZI.finditer(text):
            row = [merged(syllable) for syllable in syllables(run.group())]
            if len(row) != len(run.group()):
                continue
            for sounds, district in self._district_sounds.items():
                width = len(sounds)
                for start in range(len(row) - width + 1):
                    if tuple(row[start : start + width]) != sounds:
                        continue
                    begin, end = run.start() + start, run.start() + start + width
                    after = text[end : end + 1]
                    if after == "区" or (spoken and row[start + width : start + width + 1] == ["qu"]):
                        return [Mention(begin, end + 1, district=district, confidence=0.9)]
                    if re.search(r"(?:^|在|住|北京市?|是)$", text[:begin]) and self._street_follows(
                        text, end, district
                    ):
                        return [Mention(begin, end, district=district, confidence=0.8)]
        return []

    def _heard_district(self, text: str, streets: list[Mention]) -> Mention | None:
        """The district that is heard in the answer, unless it contradicts a street that was."""
        row = sounded(text)
        if not row.sounds or len(row.sounds) > _ANSWER_SYLLABLES or _NO_PLACE.search(text):
            return None
        heard = self._district_ear.hear(row.sounds)
        if heard is None:
            return None
        if streets and not any(street.district == heard.district for mention in streets for street in mention.streets):
            return None
        start, end = row.offsets[heard.start], row.offsets[heard.end - 1] + 1
        return Mention(start, end, district=heard.district, confidence=0.7)

    def _street_follows(self, text: str, start: int, district: str) -> bool:
        match = self._exact.match(text, start)
        return bool(match and any(street.district == district for street in self._by_name[match.group()]))

    def _exact_mentions(self, text: str, districts: list[Mention], known: str) -> list[Mention]:
        found: list[Mention] = []
        taken = [(mention.start, mention.end) for mention in districts]
        position = 0
        while match := self._exact.search(text, position):
            start, end = match.start(), match.end()
            position = start + 1
            if any(
                start < stop
                and end > begin
                and not ((start <= begin and end > stop + 1) or (end >= stop and start < begin))
                for begin, stop in taken
            ) and not match.group().endswith(SUFFIXES):
                continue
            mention = self._exact_mention(text, match.group(), start, end, districts, known)
            if mention:
                found.append(mention)
                position = mention.end
        return found

    def _exact_mention(
        self, text: str, form: str, start: int, end: int, districts: list[Mention], known: str
    ) -> Mention | None:
        if text[end : end + 1] == _RAILWAY_LINE:
            return None
        streets = self._by_name[form]
        suffixed = any(street.name == form and street.name != street.bare for street in streets)
        if not suffixed and (suffix := _SUFFIX_AFTER.match(text, end)):
            suffixed, end = True, suffix.end()
        near = beside(start, end, districts)
        if not suffixed and not near and _within_words(text, form, start, end):
            return None
        allowed = tuple(
            street
            for street in streets
            if suffixed or not street.generic or street.district in (near, known) or form not in street.name
        )
        if not allowed or (
            not suffixed and re.match(r"[东南西北]?(?:路|大街|河|桥)", text[end:]) and all(s.generic for s in allowed)
        ):
            return None
        return Mention(start, end, streets=allowed, suffixed=suffixed, road=not suffixed and is_road(text, end))

    def _homophone_mentions(self, text: str, districts: list[Mention], known: str, *, asked: bool) -> list[Mention]:
        """Names with other characters of the same sound; two syllables only beside their district or a suffix, or as a
        clause of their own in an answer that names the district elsewhere."""
        found: list[Mention] = []
        where = districts[0].district if districts else known
        for run in HANZI.finditer(text):
            row = [merged(syllable) for syllable in syllables(run.group())]
            if len(row) != len(run.group()):
                continue
            start = 0
            while start < len(row):
                mention = next(
                    (
                        mention
                        for width in range(min(8, len(row) - start), 1, -1)
                        if (
                            mention := self._homophone(
                                text,
                                run.start() + start,
                                row[start : start + width],
                                districts,
                                where if asked else "",
                                asked=asked,
                            )
                        )
                    ),
                    None,
                )
                if mention and not (known and all(street.district != known for street in mention.streets)):
                    found.append(mention)
                    start = mention.end - run.start()
                else:
                    start += 1
        return found

    def _homophone(
        self, text: str, start: int, row: list[str], districts: list[Mention], where: str, *, asked: bool
    ) -> Mention | None:
        streets = self._by_sound.get(tuple(row))
        end = start + len(row)
        if not streets or place_aside.denied(text[:start], text[end:]):
            return None
        alone = not HANZI.match(text[:start][-1:]) and (_ALONE.match(text, end) or not HANZI.match(text, end))
        near = beside(start, end, districts) or (where if alone else "")
        suffix = _SUFFIX_AFTER.match(text, end)
        written = text[start : suffix.end() if suffix else end]
        by_itself = asked or bool(_NAMED_BY_ITSELF.search(text[:start]))
        allowed = tuple(
            street
            for street in streets
            if street.district == near
            or (written.endswith(_ends_of(street)) and len(written) > len(street.bare))
            or (len(row) >= len(street.bare) >= 3 and not street.generic and by_itself)
        )
        suffixed = bool(suffix) or bool(re.search(r"(?:街道|地区|镇|乡)$", text[start:end]) and len(row) > 2)
        if not allowed:
            return None
        return Mention(start, suffix.end() if suffix else end, streets=allowed, suffixed=suffixed, confidence=0.85)

    def _heard_mentions(self, text: str, district: str, ends: Sequence[int], *, asked: bool) -> list[Mention]:
        """`ends`: where the names of districts end."""
        ranked = [] if _NOWHERE.search(text) else self._ranked(text, district)
        if not ranked:
            return []
        street, score, share, end_index = ranked[0]
        in_district = bool(district) and street.district == district
        if not asked and not in_district:
            return []
        limit = _HEARD_SURE
        if len(street.bare) < 3 and not in_district:
            limit += 0.12  # two syllables are found in any sentence
        if street.generic and not in_district:
            limit += 0.1
        rivals = tuple(other for other, value, _, _ in ranked[1:4] if score - value < _HEARD_MARGIN)
        if share < limit:
            if not asked or share < _HEARD_DOUBTFUL or len(sounded(text).sounds) > _ANSWER_SYLLABLES:
                return []
            if _NO_PLACE.search(text):
                return []
            rivals = tuple(other for other, _, _, _ in ranked[1:3])  # nothing is sure: let the bot name two or three
        same_name = tuple(s for s in self._gazetteer.streets if s.name == street.name)
        row = sounded(text)
        end = row.offsets[end_index - 1] + 1 if end_index else 0
        start = row.offsets[max(0, end_index - len(street.bare))]
        with_suffix = in_district and (_SUFFIX_AFTER.match(text, end) or text[start:end].endswith(SUFFIXES))
        if not asked and not with_suffix and not any(0 <= start - stop <= _BEHIND_DISTRICT for stop in ends):
            return []
        return [Mention(start, end, streets=(*same_name, *rivals), confidence=min(0.95, share))]


def _within_words(text: str, form: str, start: int, end: int) -> bool:
    """Whether a name is made by the end of one word and the beginning of the next."""
    before, behind = text[:start][-1:], text[end : end + 1]
    return bool(
        (before and before in _NO_NAME_BEHIND.get(form, "")) or (behind and behind in _NO_NAME_BEFORE.get(form, ""))
    )


def _ends_of(street: Street) -> tuple[str, ...]:
    """The suffixes that tell a name written with other characters: of one character only the street's own."""
    return tuple(suffix for suffix in SUFFIXES if len(suffix) > 1 or street.name.endswith(suffix))
