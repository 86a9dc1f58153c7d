"""What stands before every request: a bound on its body, and the headers of its answer."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.desk.pages.dropping import FILE_ADDRESS
from pipeline.desk.trying import MOST_MIB

# Nothing from elsewhere, nothing inline: a name with a script in it stays a name.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), clipboard-read=()",
}
MOST_BODY_BYTES = 512 * 2**20
MOST_FORM_BYTES = 64 * 2**10


class Guard:
    """Refuses bodies that are too large or of unknown length; sets headers.

    Plain ASGI: what an answer costs here is paid for every picture of every task.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        if _is_refused(scope):
            refusal = JSONResponse({"code": "BODY_TOO_LARGE"}, status_code=413)
            await refusal(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)


def _is_refused(scope: Scope) -> bool:
    length = Headers(scope=scope).get("content-length")
    if length is None:
        return scope["method"] in ("POST", "PUT")
    return not length.isdigit() or int(length) > _most_bytes(scope)


def _most_bytes(scope: Scope) -> int:
    path: str = scope["path"]
    if path.startswith("/ingest/"):
        return MOST_BODY_BYTES
    if FILE_ADDRESS.fullmatch(path):
        most: int = scope["app"].state.desk.settings.max_file_mib << 20
        return most
    if scope["method"] == "PUT" and path.startswith("/forms/"):
        return MOST_MIB << 20
    return MOST_FORM_BYTES
