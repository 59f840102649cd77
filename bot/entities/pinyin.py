"""Syllables, where the entity readers look for them (`base.pinyin`)."""

from __future__ import annotations

from base.pinyin import merged, spell_numbers, split, syllables

__all__ = ["merged", "spell_numbers", "split", "syllables"]
