"""How a request carries its token, as OpenAPI says it."""

from __future__ import annotations

from fastapi.security import HTTPBearer

BEARER = HTTPBearer(auto_error=False, description="A token of the server's token file, or a signed one.")
