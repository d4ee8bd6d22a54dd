"""Takes whatever is sent to it over OTLP/HTTP, and keeps none of it: `otlp_sink.py HOST:PORT`.
Stops on SIGTERM."""
import asyncio
import re
import sys

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = LENGTH.search(head)
            await reader.readexactly(int(length.group(1)) if length else 0)
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the sender has stopped
    finally:
        writer.close()


async def _run(host: str, port: int):
    async with await asyncio.start_server(_serve, host, port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    address = sys.argv[1].rpartition(":")
    asyncio.run(_run(address[0], int(address[2])))
