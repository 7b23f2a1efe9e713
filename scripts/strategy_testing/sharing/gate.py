"""A port of this machine behind which the embedded PostgreSQL stands, for one role and no other.

The server itself listens on a socket in a private folder, where it asks nobody for a password: it may be in use, and is
not started anew for a port. So the gate reads the first message of a client, in which the role stands, and hands on the
rest as it is. The messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

_SSL, _GSS, _CANCEL, _VERSION = 80877103, 80877104, 80877102, 3
_MOST_BYTES = 10_000
"""Of a first message, as the server itself has it."""
_PIECE = 65_536
_SECONDS_TO_BEGIN = 60


class Gate(socketserver.ThreadingTCPServer):
    """Lets clients in at a port; serve_forever() until it is closed."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, server: Path, role: str) -> None:
        """Takes the port.

        Args:
            port: of 127.0.0.1; 0 takes one that is free.
            server: the socket of PostgreSQL.
            role: who is let in; the server asks for the password.

        Raises:
            OSError: it is taken.
        """
        self.server = server
        self.role = role
        super().__init__(("127.0.0.1", port), _Client)

    @property
    def port(self) -> int:
        """The port that it has."""
        return int(self.server_address[1])


class _Client(socketserver.BaseRequestHandler):
    server: Gate

    def handle(self) -> None:
        """Talks with one client; whatever goes wrong costs this client only."""
        with contextlib.suppress(OSError, ValueError, struct.error):
            self.request.settimeout(_SECONDS_TO_BEGIN)
            first = self._first_message()
            refusal = _refusal(first, self.server.role)
            if refusal is not None:
                self.request.sendall(_error(refusal))
                return
            with socket.socket(socket.AF_UNIX) as inside:
                inside.connect(str(self.server.server))
                inside.sendall(first)
                self.request.settimeout(None)
                back = threading.Thread(target=_hand_on, args=(inside, self.request), daemon=True)
                back.start()
                _hand_on(self.request, inside)
                back.join()

    def _first_message(self) -> bytes:
        """The first one that is no question for encryption, which a port of the same machine does without."""
        while True:
            message = self._message()
            if _code(message) not in (_SSL, _GSS):
                return message
            self.request.sendall(b"N")

    def _message(self) -> bytes:
        head = self._exactly(4)
        (length,) = struct.unpack("!I", head)
        if not 8 <= length <= _MOST_BYTES:
            raise ValueError("is no message of PostgreSQL's")
        return head + self._exactly(length - 4)

    def _exactly(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            piece = self.request.recv(count - len(taken))
            if not piece:
                raise ConnectionError("ended")
            taken += piece
        return taken


def _code(message: bytes) -> int:
    return int(struct.unpack("!I", message[4:8])[0])


def _refusal(message: bytes, role: str) -> str | None:
    """Why a client is not let in; None where it is."""
    if _code(message) == _CANCEL:  # names a backend and its secret
        return None
    if _code(message) >> 16 != _VERSION:
        return "this port speaks version 3 of PostgreSQL's protocol"
    parts = message[8:].split(b"\0")
    return None if _roles(parts) == {role.encode()} else f"only the role {role} is let in at this port"


def _roles(parts: Sequence[bytes]) -> set[bytes]:
    """Every role that a start names; the server takes the last one."""
    return {value for name, value in zip(parts[::2], parts[1::2], strict=False) if name == b"user"}


def _error(text: str) -> bytes:
    fields = b"".join(kind + value.encode() + b"\0" for kind, value in ((b"S", "FATAL"), (b"C", "28000"), (b"M", text)))
    return b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0"


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    """Until there is no more, which the other side is told."""
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
