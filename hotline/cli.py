"""The `hotline` console script: one table of commands, each living in the room that it belongs to.

A command is a function `(argv: list[str]) -> int` that parses its own arguments; its module is imported only when the
command is called, so that `hotline --help` does not load a model.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Final, cast

from base.errors import HotlineError

COMMANDS: Final[dict[tuple[str, ...], tuple[str, str]]] = {
    ("setup",): ("hotline.setup.main:command", "set up environments, models, database and front end (idempotent)"),
    ("run",): ("hotline.supervisor:command", "start every process and serve until stopped"),
    ("drain",): ("hotline.drain_cli:command", "take nothing new, let running calls end, then stop"),
    ("models",): ("asr_models.cli:command", "list, fetch or verify recogniser models"),
    ("kb",): ("knowledge.cli:command", "import FILE, export, search TEXT, index, compare-models …"),
    ("points",): ("hotline.points_cli:command", "import FILE or list service points (where is the nearest …?)"),
    ("catalogue",): ("workorders.cli:command", "check FILE, suggest TEXT with the reasons"),
    ("orders",): ("workorders.orders_cli:command", "export FILE, dead-letters list|retry|drop, learn"),
    ("channel",): ("gateway.channels.cli:command", "add, list, rotate the keys of channels; dead letters"),
    ("seat",): ("seats.cli:command", "add, list or disable seat accounts"),
    ("audit",): ("seats.audit_cli:command", "verify, export or show the audit log"),
    ("citizens",): ("conversations.erasure_cli:command", "find or erase what is known of a telephone number"),
    ("keys",): ("seats.keys_cli:command", "show, rotate, reseal, retire: the keys of contact data"),
    ("call",): ("telephony.caller:command", "place a real SIP call that plays WAV turns"),
    ("simulate",): (
        "hotline.simulation.cli:command",
        "the record hour on N nodes with M seats: run, search, numbers, measure",
    ),
    ("top",): ("hotline.top.cli:command", "live view of one or several nodes"),
    ("recordings",): ("hotline.recordings_cli:command", "list, save, delete or sweep the recordings of calls"),
    ("backup",): ("storage.cli:backup_command", "consistent backup of database and recordings"),
    ("restore",): ("storage.cli:restore_command", "restore a backup into an empty data folder"),
    ("data",): ("hotline.data_cli:command", "move --to postgresql://…: from SQLite to an empty server, compared"),
    ("db",): ("storage.cli:db_command", "upgrade or show the database schema"),
    ("eval", "speech"): ("asr_models.evaluation:command", "character error rate of the configured recogniser"),
    ("eval", "retrieval"): ("knowledge.evaluation:retrieval_command", "recall and MRR on one retrieval set"),
    ("eval", "spoken"): ("knowledge.evaluation:spoken_command", "spoken questions and place names"),
    ("eval", "paraphrase"): (
        "knowledge.paraphrase_evaluation:command",
        "citizens' own wordings: at once, within three, wrong as sure",
    ),
    ("eval", "follow-up"): ("knowledge.follow_up_evaluation:command", "questions that go on from the last answer"),
    ("eval", "classification"): ("workorders.evaluation:command", "first-level category of citizens' messages"),
    ("eval", "dispatch"): ("workorders.dispatch_evaluation:command", "the unit first suggested for labelled orders"),
    ("eval", "wechat-crypto"): ("gateway.wechat.crypto_evaluation:command", "WeChat's encryption on known vectors"),
    ("eval", "dialogue"): ("hotline.spoken_dialogue:command", "simulated citizens against the whole dialogue"),
}


def _usage() -> str:
    width = max(len(" ".join(path)) for path in COMMANDS)
    lines = [f"  hotline {' '.join(path):<{width}}  {text}" for path, (_, text) in COMMANDS.items()]
    return "usage: hotline COMMAND [options]\n\n" + "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status (2: unknown command; 1: a known failure, told in one line)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    for length in (2, 1):
        path = tuple(arguments[:length])
        if path in COMMANDS:
            module_name, function_name = COMMANDS[path][0].split(":")
            function = cast("Callable[[list[str]], int]", getattr(importlib.import_module(module_name), function_name))
            try:
                return function(arguments[length:])
            except HotlineError as error:
                print(f"hotline: {error}", file=sys.stderr)
                return 1
            except KeyboardInterrupt:
                return 130
    print(f"hotline: unknown command {' '.join(arguments[:2])!r}\n\n{_usage()}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
