"""A provider's public keys (RFC 7517): fetched, kept, and fetched again for a key id that is new, but not for every one that somebody makes up."""

import time
from collections.abc import Callable, Mapping
from threading import Lock

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from wetread.domain.errors import PermanentError

__all__ = ["PublicKeys", "key_set"]

_KINDS: dict[object, type[ECKey] | type[RSAKey] | type[OKPKey]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
_FRESH_S, _LEAST_S = 3600.0, 30.0
_MOST_KEYS = 64
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def key_set(document: Mapping[str, object]) -> KeySet:
    """Its public signing keys; others, and keys that cannot be read, are left out. No symmetric key is ever one (RFC 8725 §3.1)."""
    listed = document.get("keys")
    found: list[ECKey | RSAKey | OKPKey] = []
    for each in listed[:_MOST_KEYS] if isinstance(listed, list) else ():
        kind = _KINDS.get(each.get("kty")) if isinstance(each, dict) else None
        if kind is None or each.get("use", "sig") != "sig":
            continue
        try:
            key = kind.import_key({name: value for name, value in each.items() if name not in _PRIVATE})
        except (JoseError, ValueError, TypeError):
            continue
        if not (isinstance(key, RSAKey) and key.raw_value.key_size < 2048):
            found.append(key)
    return KeySet(list(found))


class PublicKeys:
    """`fetch` gives the JWK set as the provider has it now. Safe to share between threads."""

    def __init__(self, fetch: Callable[[], Mapping[str, object]], now_s: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._now_s = fetch, now_s
        self._held = KeySet([])
        self._asked_at = float("-inf")
        self._turn = Lock()

    def holding(self, key_id: str | None) -> KeySet:
        """The keys, among them that of this id; raises PermanentError 'unknown_key', TransientError when the provider does not answer."""
        with self._turn:
            age_s = self._now_s() - self._asked_at
            if age_s >= _FRESH_S or (not self._has(key_id) and age_s >= _LEAST_S):
                self._asked_at = self._now_s()  # also where it does not answer: nobody waits for it again at once
                self._held = key_set(self._fetch())
            if not self._has(key_id):
                raise PermanentError("signed by a key that its issuer does not publish", code="unknown_key")
            return self._held

    def _has(self, key_id: str | None) -> bool:
        """A token without a key id fits only a set of one key."""
        held = self._held.keys
        return len(held) == 1 if key_id is None else any(each.kid == key_id for each in held)
