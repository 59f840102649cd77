"""The errors of the knowledge room."""

from __future__ import annotations

from dataclasses import dataclass

from base.errors import HotlineError


class KnowledgeError(HotlineError):
    """Something about the knowledge base cannot be done: what, to which entry or file, and what to do."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row of an import that does not fit. `row` counts from 1 (a table's heading is not counted)."""

    file: str
    row: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.message}"


class ImportRefused(KnowledgeError):
    """A file was not imported at all; every row that does not fit is in `problems`."""

    def __init__(self, file: str, problems: list[RowProblem]) -> None:
        self.file = file
        self.problems = problems
        lines = "\n  ".join(str(problem) for problem in problems[:20])
        more = f"\n  ... and {len(problems) - 20} more" if len(problems) > 20 else ""
        super().__init__(f"nothing was imported from {file}: {len(problems)} row(s) do not fit\n  {lines}{more}")
