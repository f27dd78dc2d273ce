"""A stream of events that a person can stop at any point."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def stoppable(source: AsyncGenerator[T], stop: asyncio.Event) -> AsyncGenerator[T]:
    """`source` until `stop` is set; then it is cancelled where it waits and closed."""
    stopped = asyncio.create_task(_wait(stop))
    try:
        async with aclosing(source):
            while True:
                following = asyncio.create_task(_next(source))
                try:
                    await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if stop.is_set() or not following.done():
                        following.cancel()
                        await asyncio.gather(following, return_exceptions=True)
                if stop.is_set():
                    return
                item = following.result()
                if item is None:
                    return
                yield item[0]
    finally:
        stopped.cancel()


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


async def _next(source: AsyncGenerator[T]) -> tuple[T] | None:
    try:
        return (await anext(source),)
    except StopAsyncIteration:
        return None
