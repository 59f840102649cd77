"""Switch-over rehearsed: main, secondary and standby centre (一主一副一备) in network namespaces, with real servers.

    python -m benchmarks.centres [--ways killed,cut] [--json]

Orders are filed one after another through the database's address. The main centre is lost (`kill -9` of everything, or
its cable pulled) and the secondary taken over by `deploy/centres/switch_over.sh`; then the secondary is lost too and
the standby taken over. Told for each: seconds from the loss to the first order confirmed again and to the first answer
of Kamailio, and how many confirmed orders the new primary does not have, or has twice. The time that a person needs to
decide is not in it. Root, and Debian's postgresql, redis-server, kamailio, keepalived.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from base.settings import ROOT
from benchmarks import conditions
from benchmarks.centre_hosts import (
    CALLS_ADDRESS,
    CENTRES,
    DATABASE_ADDRESS,
    DATABASE_URL,
    Centre,
    Host,
    Network,
    missing,
    until,
)
from storage.keyring import Keyring

_WAYS: Final = ("killed", "cut")
_ORDERS_BEFORE: Final = 40
_ORDERS_AFTER: Final = 20
_DECIDE_SECONDS: Final = 3.0  # the loss is noticed and the script called
_FOLLOW_SECONDS: Final = 30.0
_CUT_OFF_SECONDS: Final = 8.0  # so long a citizen at a centre that is cut off waits
_ASK: Final = """
import socket, sys
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asked.settimeout(0.5)
asked.bind((sys.argv[1], 0))
port = asked.getsockname()[1]
via = f"SIP/2.0/UDP {sys.argv[1]}:{port};branch=z9hG4bK{port}"
lines = [f"OPTIONS sip:{sys.argv[2]} SIP/2.0", f"Via: {via}", "Max-Forwards: 9", f"From: <sip:t@{sys.argv[1]}>;tag=1",
         f"To: <sip:{sys.argv[2]}>", f"Call-ID: {port}@t", "CSeq: 1 OPTIONS", "Content-Length: 0", "", ""]
asked.sendto("\\r\\n".join(lines).encode(), (sys.argv[2], 5060))
print(asked.recv(4096).split()[1].decode())
"""  # an OPTIONS of the trunk, as its status


@dataclass(frozen=True, slots=True)
class SwitchOver:
    """One loss. `lost` and `doubled`: of the orders that were confirmed until the end. `calls_seconds`: until Kamailio
    answers at the calls' address. `cut_off_confirmed`: whether the centre that was cut off confirmed an order; None:
    it was dead. `rejoined`: the other replica did not follow by itself and was begun anew."""

    way: str
    lost_centre: str
    to: str
    seconds: float
    script_seconds: float
    calls_seconds: float
    confirmed: int
    lost: int
    doubled: int
    cut_off_confirmed: bool | None
    rejoined: bool


class Rehearsal:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._network = Network()
        self._orders = folder / "confirmed.jsonl"
        self.centres: dict[str, Centre] = {}

    def open(self) -> None:
        """Three centres that follow each other, and citizens who file orders."""
        self._network.open()
        hosts = [self._network.join(name, number) for number, name in enumerate(CENTRES, 1)]
        self._citizens = self._network.join("citizens", 9)
        self.centres = {host.name: Centre(host, self._folder / host.name) for host in hosts}
        main = self.centres["main"]
        main.prepare_database()
        main.start_database()
        main.sql("SET synchronous_commit = local; CREATE ROLE replication REPLICATION LOGIN")
        for centre in self.centres.values():
            centre.start_others()
        until(lambda: main.holds(DATABASE_ADDRESS), "the database's address at the main centre")
        for name in CENTRES[1:]:
            self.centres[name].follow()
        until(lambda: main.streams_to() == {"secondary", "standby"}, "replication to both centres")
        self._client(self._citizens, DATABASE_URL, str(self._orders))
        until(lambda: len(self.confirmed()) >= _ORDERS_BEFORE, "the first orders", 120)
        until(lambda: self._calls_answer(), "Kamailio")

    def close(self) -> None:
        self._network.close()

    def confirmed(self) -> list[dict[str, Any]]:
        lines = self._orders.read_text().splitlines() if self._orders.exists() else []
        return [json.loads(line) for line in lines]

    def switch_over(self, way: str, lost: str, to: str, *, alone: bool) -> SwitchOver:
        old, new = self.centres[lost], self.centres[to]
        before = time.time()
        if way == "killed":
            old.host.kill()
        old.host.cut()  # who has no power has no address either
        time.sleep(_DECIDE_SECONDS)
        began = time.monotonic()
        sys.stderr.write(new.script("switch_over.sh", *(["--alone"] if alone else [])))
        script_seconds = time.monotonic() - began
        until(self._calls_answer, "Kamailio after the switch-over")
        calls_seconds = time.time() - before
        rejoined = False
        if not alone:
            (third,) = (name for name in CENTRES if name not in (lost, to))
            rejoined = self._made_to_follow(new, self.centres[third])
        until(lambda: self._confirmed_since(before) >= _ORDERS_AFTER, "orders after the switch-over", 120)
        again = next(order for order in self.confirmed() if order["at"] > before and order["failures"])
        cut_off = self._cut_off_confirms(old) if way == "cut" else None
        confirmed = self.confirmed()
        missed, doubled = self._compare(new, confirmed)
        return SwitchOver(
            way,
            lost,
            to,
            round(again["at"] - before, 1),
            round(script_seconds, 1),
            round(calls_seconds, 1),
            len(confirmed),
            missed,
            doubled,
            cut_off,
            rejoined,
        )

    def _confirmed_since(self, moment: float) -> int:
        return sum(order["at"] > moment and order["failures"] == 0 for order in self.confirmed()[1:])

    def _made_to_follow(self, primary: Centre, replica: Centre) -> bool:
        """Whether it had to be begun anew: it was further than the new primary, with what nobody had confirmed."""
        try:
            until(lambda: replica.name in primary.streams_to(), "the third centre", _FOLLOW_SECONDS)
        except TimeoutError:
            replica.follow()
            until(lambda: replica.name in primary.streams_to(), "the third centre, begun anew", _FOLLOW_SECONDS)
            return True
        return False

    def _cut_off_confirms(self, centre: Centre) -> bool:
        """A citizen inside the centre that is cut off files an order there."""
        url = DATABASE_URL.replace(DATABASE_ADDRESS, centre.host.address)
        command = self._command(url, os.devnull, "--once", str(_CUT_OFF_SECONDS))
        return "\nconfirmed" in f"\n{centre.host.run(*command)}"

    def _compare(self, primary: Centre, confirmed: list[dict[str, Any]]) -> tuple[int, int]:
        """How many confirmed orders are not there, and how many keys are there more than once or with other numbers."""
        rows = [line.split("|") for line in primary.sql("SELECT idempotency_key, order_no FROM orders").splitlines()]
        there: dict[str, list[str]] = {}
        for key, order_no in rows:
            there.setdefault(key, []).append(order_no)
        lost = sum(order["key"] not in there for order in confirmed)
        doubled = sum(there.get(order["key"], [order["order_no"]]) != [order["order_no"]] for order in confirmed)
        return lost, doubled + sum(len(numbers) > 1 for numbers in there.values())

    def _calls_answer(self) -> bool:
        own = self._citizens.address
        return self._citizens.run(sys.executable, "-c", _ASK, own, CALLS_ADDRESS, check=False).strip() == "200"

    def _command(self, *arguments: str) -> tuple[str, ...]:
        keys = self._folder / "keys.json"
        if not keys.exists():
            assert Keyring(lambda: keys).keys.current  # made by being asked for
        line = f'cd {ROOT} && "$0" -m benchmarks.centre_client "$@"'
        environment = f"HOTLINE_SECURITY__KEY_FILE={keys}"
        return ("env", environment, "sh", "-c", line, sys.executable, *arguments)

    def _client(self, host: Host, *arguments: str) -> None:
        host.start(*self._command(*arguments), log=self._folder / "citizens.log")


def rehearse(way: str) -> list[SwitchOver]:
    """The main centre is lost, then the secondary."""
    folder = Path(tempfile.mkdtemp(prefix="hlc"))
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    rehearsal = Rehearsal(folder)
    try:
        rehearsal.open()
        return [
            rehearsal.switch_over(way, "main", "secondary", alone=False),
            rehearsal.switch_over(way, "secondary", "standby", alone=True),
        ]
    except Exception:
        for log in sorted(folder.glob("*/*.log")) + sorted(folder.glob("*.log")):
            sys.stderr.write(f"--- {log.name} of {log.parent.name}\n{log.read_text(errors='replace')[-2_000:]}\n")
        raise
    finally:
        rehearsal.close()
        shutil.rmtree(folder, ignore_errors=True)


def table(found: list[SwitchOver]) -> str:
    head = "way     lost       to          seconds  script  calls  confirmed  lost  doubled"
    rows = [
        f"{one.way:8}{one.lost_centre:11}{one.to:11}{one.seconds:8.1f}{one.script_seconds:8.1f}{one.calls_seconds:7.1f}"
        f"{one.confirmed:11}{one.lost:6}{one.doubled:9}"
        + ("  the centre that was cut off confirmed an order" if one.cut_off_confirmed else "")
        + ("  the third centre was begun anew" if one.rejoined else "")
        for one in found
    ]
    return "\n".join([head, *rows])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ways", default=",".join(_WAYS), help="killed, cut, or both")
    options.add_argument("--json", action="store_true", help="the last line is one JSON object")
    asked = options.parse_args()
    if lacking := missing():
        raise SystemExit(f"centres: needs {', '.join(lacking)} (Debian: apt-get install, as root)")
    under = conditions.Conditions()
    found = [one for way in asked.ways.split(",") for one in rehearse(way)]
    told = under.told()
    print("\n".join([table(found), "", *conditions.lines(told)]))
    if asked.json:
        print(json.dumps({"switch_overs": [asdict(one) for one in found], "conditions": told}))


if __name__ == "__main__":
    main()
