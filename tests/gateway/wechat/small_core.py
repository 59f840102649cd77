"""A core process with WeChat's channel and a small understanding: `python small_core.py PORT`, settings by environment.

The real rooms take minutes to train where their data has changed; what is tested with this is what a kill leaves.
"""

from __future__ import annotations

import asyncio
import random
import sys

from wechat_helpers import Understander, open_node

from base.clock import SystemClock
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from bot.understanding import Understood


class Slow(Understander):
    async def parse(self, text: str, *, spoken: bool) -> Understood:
        await asyncio.sleep(random.uniform(0.05, 1.0))
        return await super().parse(text, spoken=spoken)


async def serve(port: int) -> None:
    node = await open_node(Settings(), SystemClock(), PlaceMatcher.load(), port=port, understander=Slow())
    work = [node.core.spawn(make(), name) for name, make in node.core.further_work.items()]
    await asyncio.wait(work)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
