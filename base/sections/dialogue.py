"""Settings of the dialogue: understanding, the rules of a conversation, and the knowledge that answers come from."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from base.sections.section import Section


class RasaSettings(Section):
    """Language understanding in its own process; loopback only."""

    enabled: bool = True
    port: int = Field(5005, ge=1, le=65535)
    deadline_seconds: float = Field(0.4, gt=0)


class DialogueSettings(Section):
    """Rules of the conversation."""

    maximum_intake_questions: int = Field(6, ge=1)
    idle_minutes_before_close: float = Field(30.0, gt=0)
    phone_lost_seconds: float = Field(
        20.0, gt=0, description="a call whose process has not been heard of this long is lost"
    )
    ask_rating: bool = Field(True, description="on the phone: ask at the end how satisfied the caller is")
    seat_wait_seconds: float = Field(120.0, gt=0, description="waiting for a seat longer than this offers a call-back")


class KnowledgeSettings(Section):
    """Retrieval and answering."""

    embedding_directory: Path | None = None
    law_directories: list[Path] = Field(default_factory=list, description="folders of documents imported at set-up")
    snapshot_poll_seconds: float = Field(1.0, gt=0, description="a look reads one number of the database")
    expiring_days: float = Field(30.0, gt=0, description="so long before its end an entry is listed for its owner")
    mining_hour: int = Field(
        3, ge=0, le=23, description="from this hour on, once a day: unanswered questions are clustered, hints refreshed"
    )
    licence: str = Field(
        "", description="licence of exported open data (address or name); empty: exports say that none is stated"
    )
    import_limit_bytes: int = Field(20 * 1024 * 1024, ge=1024, description="the largest table that the page imports")
    import_limit_rows: int = Field(5_000, ge=1, description="rows of one; larger ones go through `hotline kb import`")


class RephrasingSettings(Section):
    """A language model that may put the words of a clause plainly, each time checked (docs/decisions/0044)."""

    endpoint: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="an OpenAI-compatible one of your own, e.g. http://10.0.0.5:8000/v1; empty: clauses as they stand",
    )
    model: str = Field("", description="its name there")
    key_file: Path | None = Field(None, description="a file that holds nothing but the endpoint's key; null: none")
    deadline_seconds: float = Field(0.8, gt=0, le=5, description="after it the clause is said as it stands")
