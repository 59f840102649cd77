"""What the tests of this room share beyond fixtures."""

from __future__ import annotations

from base.settings import ROOT
from knowledge.entry import Entry, Source

SHARED = ROOT.parent / "shared"
MODEL = ROOT / "var" / "models" / "e5-small-zh"


def entry(identifier: str, question: str, *ask: str, answer: str = "", **more: object) -> Entry:
    source = Source(title="测试办法", issuing_body="测试机关", clause="第一条", version_date="2024-01-01")
    return Entry.model_validate(
        {
            "id": identifier,
            "question": question,
            "ask": ask,
            "answer": answer or f"关于“{question}”的回答。",
            "topic": "测试",
            "sources": () if more.get("sample") else (source,),
            **more,
        }
    )
