#!/usr/bin/env python3
"""Prints COUNT free TCP ports of the loopback on one line. Usage: free_ports.py COUNT"""
import socket
import sys


def free_ports(count):
    """All sockets are held until every port is known, so no port is given twice."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    print(*free_ports(int(sys.argv[1])))
