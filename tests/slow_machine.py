"""A slow machine on demand: WETREAD_SLOWER=6 has Chromium run at a sixth of its speed, and has every question to the server and every answer of it come up to 50 ms late for each step of that number. What a test asks too early, and what a page does twice at once, is seen then, and not once in a thousand runs."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SLOWER = int(os.environ.get("WETREAD_SLOWER", "1"))
_LATE_S = 0.05


def slow_browser(browser: Browser) -> Browser:
    """Every page of it, and every page that one of them opens, is slow."""
    new_context = browser.new_context

    def slow_context(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.on("page", _slow)
        return context

    if SLOWER > 1:
        browser.new_context = slow_context  # type: ignore[method-assign]
    return browser


def _slow(page: Page) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def slow_server(app: Starlette) -> Starlette:
    """Its requests overtake each other."""
    if SLOWER > 1:
        app.add_middleware(_Late)
    return app


class _Late:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                await _wait()
            await send(message)

        if scope["type"] == "http":
            await _wait()
        await self.app(scope, receive, answer)


async def _wait() -> None:
    await asyncio.sleep(random.uniform(0, _LATE_S * SLOWER))
