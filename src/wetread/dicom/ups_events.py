"""What a worklist manager elsewhere tells of the workitems that we perform: subscriptions (PS3.18 §11.10) and their event channel, a WebSocket (§11.13). Heard is a request to stop; all else is asked for.

Who cannot be subscribed or heard is performed for all the same. Nothing is sent over the channel, and nothing of it is believed but which of our workitems somebody wants to end.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote, urljoin, urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from wetread.dicom.dicomweb_exchange import DicomwebExchange
from wetread.domain.errors import WetreadError
from wetread.domain.strict_json import StrictJsonError, read_strict_json

__all__ = ["UpsEventChannel"]

_LOG = logging.getLogger(__name__)
_UID, _EVENT_TYPE, _CANCEL_REQUESTED = "00001000", "00001002", 2
_MOST_BYTES, _DEPTH = 256 * 1024, 24
_LONGEST_REST_S = 60.0
_LOOK_UP_S = 1.0
_PORTS = {"ws": 80, "wss": 443}


class UpsEventChannel:
    """Implements `ports.ups_manager.UpsEvents` for the subscriber `ae_title`. Connected while anything is followed, in a thread of its own."""

    def __init__(
        self,
        exchange: DicomwebExchange,
        url: str,
        ae_title: str,
        *,
        authorization: str = "",
        ca_file: str = "",
        timeout_s: float = 10.0,
    ) -> None:
        self._exchange, self._ae_title, self._timeout_s = exchange, quote(ae_title, safe=""), timeout_s
        self._own_url = self._url = f"ws{url.rstrip('/').removeprefix('http')}/subscribers/{self._ae_title}"
        self._headers = {"Authorization": authorization} if authorization else {}
        self._ssl = ssl.create_default_context(cafile=ca_file or None) if self._own_url.startswith("wss:") else None
        self._followed, self._refused = set[str](), set[str]()
        self._heard: dict[str, object] = {}
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def follow(self, uid: str) -> None:
        if uid in self._followed or uid in self._refused:
            return
        try:
            answer = self._exchange.ask("POST", f"/workitems/{uid}/subscribers/{self._ae_title}")
        except WetreadError as error:
            _LOG.warning("foreign_workitem_not_followed code=%s", error.code)
            return
        if answer.status >= 300:
            _LOG.warning("foreign_workitem_not_followed status=%d: nobody there can ask us to stop", answer.status)
            self._refused.add(uid)
            return
        with self._lock:
            self._url = self._beside(answer.headers.get("content-location", ""))
            self._followed.add(uid)
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="ups-events", daemon=True)
                self._thread.start()

    def asked_to_stop(self, uid: str) -> object | None:
        return self._heard.get(uid)

    def leave(self, uid: str) -> None:
        with suppress(WetreadError):
            self._exchange.ask("DELETE", f"/workitems/{uid}/subscribers/{self._ae_title}")
        with self._lock:
            self._followed.discard(uid)
            self._refused.discard(uid)
            self._heard.pop(uid, None)

    def _beside(self, said: str) -> str:
        """Where the manager says that the channel is: at its own host, and no less secure, as our credentials go there."""
        found, own = urlsplit(urljoin(self._own_url, said)), urlsplit(self._own_url)
        is_its_own = (found.scheme, found.hostname) == (own.scheme, own.hostname) and not found.username
        return found.geturl() if is_its_own else self._own_url

    def _listen(self) -> None:
        rest_s = _LOOK_UP_S
        while True:
            try:
                self._hear()
                rest_s = _LOOK_UP_S
            except (OSError, WebSocketException, EOFError) as error:
                _LOG.info("ups_events_wait error=%s", type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it sends, the thread lives on; the text could quote it
                _LOG.error("ups_events_crashed error=%s", type(error).__name__)
            if not self._goes_on():
                return
            time.sleep(rest_s)
            rest_s = min(_LONGEST_REST_S, 2 * rest_s)

    def _goes_on(self) -> bool:
        with self._lock:
            if not self._followed:
                self._thread = None
            return bool(self._followed)

    def _hear(self) -> None:
        """Until it closes, or nothing is followed. With a socket of ours it follows no redirect."""
        where = urlsplit(self._url)
        address = (where.hostname or "", where.port or _PORTS[where.scheme])
        with (
            socket.create_connection(address, self._timeout_s) as plain,
            connect(
                self._url,
                sock=plain,
                ssl=self._ssl,
                additional_headers=self._headers,
                user_agent_header=None,
                compression=None,
                proxy=None,
                open_timeout=self._timeout_s,
                close_timeout=self._timeout_s,
                max_size=_MOST_BYTES,
            ) as channel,
        ):
            while self._followed:
                with suppress(TimeoutError):
                    self._take(channel.recv(timeout=_LOOK_UP_S, decode=False))

    def _take(self, message: bytes) -> None:
        try:
            said = read_strict_json(message, max_depth=_DEPTH)
        except StrictJsonError:
            return
        report = said[0] if isinstance(said, list) and said else said
        uid, kind = _first(report, _UID), _first(report, _EVENT_TYPE)
        with self._lock:
            if kind == _CANCEL_REQUESTED and uid in self._followed:
                self._heard[str(uid)] = report


def _first(report: object, tag: str) -> object:
    element = report.get(tag) if isinstance(report, Mapping) else None
    values = element.get("Value") if isinstance(element, Mapping) else None
    value = values[0] if isinstance(values, list) and values else None
    return value if isinstance(value, str | int) else None
