"""What axe finds serious or critical on a page of the staff, for tests of a core in this process."""

from __future__ import annotations

from playwright.async_api import Page

from base.settings import ROOT

_AXE = ROOT / "gateway/web/node_modules/axe-core/axe.min.js"


async def serious_findings(page: Page) -> list[str]:
    """Once colours have stopped changing. The page's context must bypass its content security policy."""
    await page.evaluate(_AXE.read_text(encoding="utf-8"))
    findings: list[str] = []
    for _ in range(10):
        if not (findings := await _found(page)):
            break
        await page.wait_for_timeout(500)
    return findings


async def _found(page: Page) -> list[str]:
    found = await page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.impact, v.nodes.length, v.nodes[0].html])"
    )
    return [
        f"{name}: {nodes} nodes, first {html[:160]}"
        for name, impact, nodes, html in found
        if impact in ("serious", "critical")
    ]
