"""The desk: one process that owns the store, serves the pages and takes batches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig

from pipeline.desk import task_view
from pipeline.desk.context import Desk, LoginNeeded, session_or_none
from pipeline.desk.directory import Directory
from pipeline.desk.guard import Guard
from pipeline.desk.pages import (
    auditing,
    batches,
    carpets,
    documents,
    dropping,
    forms,
    letters,
    login,
    presence,
    quality,
    quarantine,
    queue,
    rescans,
    review,
    service,
    throughput,
    undoing,
    users,
    work,
)
from pipeline.desk.rendering import HERE, is_fragment, page
from pipeline.domain.errors import InputError, PolicyError, UketsukeError
from pipeline.intake.drops import Drops
from pipeline.settings import Settings
from pipeline.store.duckdb_store import DuckDBStore

# FastAPI can hand parsed arguments, passwords among them, to an exporter named by the environment.
TELEMETRY_OFF: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_STATUS = {
    "TASK_STALE": 409,
    "DROP_WAITS": 409,
    "DRAFT_STALE": 409,
    "TRY_BUSY": 409,
    "QUARANTINE_SENT": 409,
    "QUARANTINE_LOADED": 409,
    "CROP_UNKNOWN": 404,
    "NOT_FOUND": 404,
    "TOKEN_WRONG": 401,
}


def create_app(settings: Settings) -> FastAPI:
    """The desk's application; it opens the store when it starts and closes it when it stops.

    Raises:
        InputError: ``DIRECTORY_SETTING``.
    """
    directory = Directory.of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = DuckDBStore.of(settings)
        app.state.desk = Desk(settings, store, directory)
        Drops(settings).clear_partial()
        task_view.know_forms(settings.site_forms)
        yield
        store.close()

    app = FastAPI(
        title="Uketsuke",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=TELEMETRY_OFF,
    )
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    rooms = (
        login, queue, review, carpets, documents, batches, dropping, rescans, quarantine,
        throughput, quality, auditing, users, forms, letters, work, undoing, presence,
    )  # fmt: skip
    for room in (*rooms, service):
        app.include_router(room.router)
    app.add_middleware(Guard)
    app.add_exception_handler(LoginNeeded, _to_login)
    app.add_exception_handler(UketsukeError, _refuse)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(404, _not_found)
    return app


async def _to_login(request: Request, error: Exception) -> Response:
    address = error.address if isinstance(error, LoginNeeded) else "/login"
    if is_fragment(request):
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


async def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, UketsukeError):
        raise error
    status = _STATUS.get(error.code, _status_of(error))
    if _is_service(request):
        content = {
            "code": error.code,
            "ja": error.ja,
            "en": error.en,
            "remedy_ja": error.remedy_ja,
            "remedy_en": error.remedy_en,
        }
        return JSONResponse(content, status_code=status)
    return _error_page(request, error, status)


async def _malformed(request: Request, error: Exception) -> Response:
    # The default answer repeats what was sent; it may be anything.
    wrong = InputError(
        "REQUEST_MALFORMED", ja="要求の形式が正しくありません。", en="The request is malformed."
    )
    if _is_service(request):
        return JSONResponse({"code": wrong.code, "ja": wrong.ja, "en": wrong.en}, status_code=422)
    return _error_page(request, wrong, 422)


async def _not_found(request: Request, error: Exception) -> Response:
    wrong = InputError("NOT_FOUND", ja="そのページはありません。", en="There is no such page.")
    if _is_service(request):
        return JSONResponse({"code": wrong.code, "ja": wrong.ja, "en": wrong.en}, status_code=404)
    return _error_page(request, wrong, 404)


def _error_page(request: Request, error: UketsukeError, status: int) -> Response:
    session = session_or_none(request)
    answer = page(request, "error.html", session, status, error=error, status_code=status)
    if is_fragment(request):  # the whole page, not a page inside a part of one
        answer.headers["HX-Retarget"] = "body"
        answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def _is_service(request: Request) -> bool:
    by_script = request.method == "PUT" and request.url.path.startswith("/forms/")
    return by_script or request.url.path.startswith(("/ingest/", "/service/", "/health", "/drops"))


def _status_of(error: UketsukeError) -> int:
    if isinstance(error, PolicyError):
        return 403
    return 422 if isinstance(error, InputError) else 500
