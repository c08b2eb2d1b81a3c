"""A TCP proxy whose connection a test can cut, and the tasks of servers that a test runs."""

import asyncio


class Line:
    """Proxy in front of a server; while it is cut, no data arrives and neither side gets an error."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.is_whole = asyncio.Event()
        self.is_whole.set()
        self.visits: set[asyncio.Task[None]] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hold_task(self.visits)
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer), return_exceptions=True)
        finally:
            back.close()
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self.is_whole.wait()
            writer.write(data)
        writer.close()


def hold_task(visits: set[asyncio.Task[None]]) -> None:
    """Hold a reference to the current task, otherwise it can be garbage-collected with its connection open."""
    task = asyncio.current_task()
    assert task is not None
    visits.add(task)


async def end(visits: set[asyncio.Task[None]]) -> None:
    for task in visits:
        task.cancel()
    await asyncio.gather(*visits, return_exceptions=True)  # a cancelled task may raise any error
