"""The demo radiologist's browser, as code: signs in, looks at the worklist, opens, signs. Uses the public HTTP API and nothing else."""

import http.client
import json
from typing import Any, cast

__all__ = ["ReadingRoomClient"]

Json = dict[str, Any]


class ReadingRoomClient:
    """One signed-in person. Raises RuntimeError with the problem's code when the service refuses."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookie = ""

    def is_ready(self, path: str = "/readyz") -> bool:
        """True when the service answers that it can serve (or, at /healthz, that it lives)."""
        try:
            return self._send("GET", path)[0] == 200
        except OSError:
            return False

    def log_in(self, actor_id: str, password: str) -> None:
        self.post("/api/login", {"actor_id": actor_id, "password": password})

    def worklist(self, view: str) -> list[Json]:
        return cast("list[Json]", self.get(f"/api/worklist?view={view}")["studies"])

    def get(self, path: str) -> Json:
        return self._answer("GET", path, None)

    def post(self, path: str, body: Json) -> Json:
        return self._answer("POST", path, body)

    def _answer(self, method: str, path: str, body: Json | None) -> Json:
        status, answer = self._send(method, path, body)
        if status >= 400:
            raise RuntimeError(
                f"{method} {path.partition('?')[0]}: {status} {answer.get('code', '')} {answer.get('detail', '')}"
            )
        return answer

    def _send(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"wetread-request": "1", "origin": f"http://127.0.0.1:{self._port}", "cookie": self._cookie}
        if body is not None:
            headers["content-type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            cookie = response.getheader("set-cookie")
            self._cookie = cookie.partition(";")[0] if cookie else self._cookie
            return response.status, json.loads(response.read() or b"{}")
        finally:
            connection.close()
