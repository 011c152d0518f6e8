"""The demo's telephone: a webhook receiver on this machine that tells each page in the terminal, as a pager service would ring."""

import json
import secrets
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

__all__ = ["ringing"]

_PARTS = Path(__file__).parent
_SETTINGS = """
[notification_channels.telephone]
kind = "webhook"
url = "http://127.0.0.1:{port}/pages"
allow_http = true
secret = "whsec_{secret}"
"""


@contextmanager
def ringing(folder: Path, say: Callable[[str], None]) -> Iterator[dict[str, str]]:
    """The settings that make wetread call this telephone, by name; it rings until the block ends."""

    class Telephone(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            page = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
            say(f"TELEPHONE {page['to']} rings: {page['title']}. {page['body'].splitlines()[0]}  {page['link']}")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Telephone)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    secret = b64encode(secrets.token_bytes(32)).decode()
    config = folder / "settings.toml"
    config.write_text(_SETTINGS.format(port=server.server_address[1], secret=secret))
    config.chmod(0o600)
    try:
        yield {
            "CONFIG": str(config),
            "ROSTER_FILE": str(_PARTS / "roster.yaml"),
            "TRIAGE_POLICY": str(_PARTS / "policy.yaml"),
        }
    finally:
        server.shutdown()
        server.server_close()
