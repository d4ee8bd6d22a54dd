"""An origin that takes its time: so long until the head and the first bytes of a body, and as long
again until the rest. Answers every GET alike, but for /fetches, which says how many it was asked
for. Stops on SIGTERM."""
import argparse
import asyncio
import email.utils

FIRST_BYTES = 1024
COUNT_PATH = b"/fetches"


class SlowOrigin:
    def __init__(self, body_bytes: int, delay_s: float, max_age_s: int):
        self.delay_s, self.body, self.max_age_s, self.fetches = delay_s, b"x" * body_bytes, \
            max_age_s, 0

    def _head(self, length: int) -> bytes:
        return (f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                f"Content-Length: {length}\r\nDate: {email.utils.formatdate(usegmt=True)}\r\n"
                f"Cache-Control: max-age={self.max_age_s}\r\n\r\n").encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(request.split(b" ", 2)[1], writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has had enough
        finally:
            writer.close()

    async def _answer(self, path: bytes, writer: asyncio.StreamWriter):
        if path == COUNT_PATH:
            count = str(self.fetches).encode()
            writer.write(self._head(len(count)) + count)
            return await writer.drain()
        self.fetches += 1
        await asyncio.sleep(self.delay_s)
        writer.write(self._head(len(self.body)) + self.body[:FIRST_BYTES])
        await asyncio.sleep(self.delay_s)
        writer.write(self.body[FIRST_BYTES:])
        await writer.drain()


async def _run(arguments: argparse.Namespace):
    origin = SlowOrigin(arguments.body_bytes, arguments.delay_ms / 1000, arguments.max_age)
    host, port = arguments.listen.split(":")
    server = await asyncio.start_server(origin.serve, host, int(port), backlog=4096)
    async with server:
        await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--body-bytes", type=int, default=1024)
    parser.add_argument("--delay-ms", type=float, default=100)
    parser.add_argument("--max-age", type=int, default=0)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
