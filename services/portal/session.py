"""A login that lasts: a signed time in a cookie, and nothing kept on the server."""

import hashlib
import hmac
import time

COOKIE = "osteon_session"


class Sessions:
    """Signs the end of a session with a key made from the access token: a new token ends every session."""

    def __init__(self, token: str, hours: float) -> None:
        self._token = token.encode()
        self._key = hmac.digest(self._token, b"osteon portal session", hashlib.sha256)
        self.seconds = int(hours * 3600)

    def knows(self, token: str) -> bool:
        """Whether this is the access token; takes the same time for every wrong one."""
        return hmac.compare_digest(self._token, token.encode())

    def begin(self, now: float | None = None) -> str:
        """The value of a new session's cookie."""
        ends = str(int((time.time() if now is None else now) + self.seconds))
        return f"{ends}.{self._sign(ends)}"

    def holds(self, cookie: str | None, now: float | None = None) -> bool:
        """Whether a cookie is one of ours and its session has not ended."""
        ends, _, signature = (cookie or "").partition(".")
        if not (
            ends.isascii()
            and ends.isdigit()
            and hmac.compare_digest(self._sign(ends).encode(), signature.encode())
        ):
            return False
        return int(ends) > (time.time() if now is None else now)

    def _sign(self, ends: str) -> str:
        return hmac.new(self._key, ends.encode(), hashlib.sha256).hexdigest()
