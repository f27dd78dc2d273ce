"""Run by a peer in place of a test command, with the path of a socket: the check runs in the sandbox, its output is printed.

Only the standard library: it is started as a file of its own, from whatever folder the peer is in.
"""

import socket
import sys


def main() -> int:
    """What comes is the exit code in a line of its own, then the output."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(sys.argv[1])
        with connection.makefile("rb") as answer:
            code = int(answer.readline() or b"1")
            sys.stdout.buffer.write(answer.read())
    return code


if __name__ == "__main__":
    sys.exit(main())
