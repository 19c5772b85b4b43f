"""The X-Ray daemon: UDP datagrams from the SDKs of functions, into the store."""

import json
import logging
import socket
import threading
from typing import Final

from localcloud.settings import LOOPBACK
from localcloud.xray.store import BadSegment, SegmentStore

_DATAGRAM: Final = 65_536
_RECEIVE_BUFFER: Final = 4 << 20
_log: Final = logging.getLogger(__name__)


def listen(store: SegmentStore, port: int) -> str:
    """Receives on loopback for as long as the process lives; the address, ``host:port``.

    Args:
        store: Where segments go.
        port: The wanted port, 2000 by convention; another daemon may have it, then a free one is taken, as for 0.
    """
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    try:
        receiver.bind((LOOPBACK, port))
    except OSError:
        receiver.bind((LOOPBACK, 0))
    threading.Thread(target=_receive, args=(receiver, store), name="localcloud-xray", daemon=True).start()
    host, chosen = receiver.getsockname()
    return f"{host}:{chosen}"


def _receive(receiver: socket.socket, store: SegmentStore) -> None:
    while True:
        take_datagram(receiver.recv(_DATAGRAM), store)


def take_datagram(datagram: bytes, store: SegmentStore) -> None:
    """Records what one datagram holds: a header line ``{"format": "json", "version": 1}`` and a document.

    Nobody waits for an answer, so what cannot be read is logged and dropped, as the real daemon does.
    """
    header, _, document = datagram.partition(b"\n")
    try:
        json.loads(header)
        store.put(json.loads(document))
    except (ValueError, AttributeError, BadSegment) as problem:
        _log.warning("an X-Ray datagram was dropped: %s", problem)
