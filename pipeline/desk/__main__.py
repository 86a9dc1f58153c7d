"""``python -m pipeline.desk``: serve the desk until it is told to stop."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import FrameType, ModuleType

import uvicorn

from pipeline import settings as of_the_office
from pipeline.desk.application import create_app
from pipeline.domain.errors import InputError, UketsukeError
from pipeline.hardening import keep_memory_private
from pipeline.store.client import ADDRESS_FILE
from pipeline.vault import Vault, private_files

# How long a thread keeps the interpreter while others wait for it. A decision asks the database a
# score of questions and waits anew after each; beside a loading batch a turn of Python's usual
# 5 ms would make it a tenth of a second.
_TURN_S = 0.0005


def main() -> int:
    """Serve; returns the exit code.

    The address stands in ``desk.json`` of the home folder and on stdout, one JSON line.
    """
    keep_memory_private()
    sys.setswitchinterval(_TURN_S)
    sys.meta_path.insert(0, _WithoutPandas())
    os.umask(0o077)  # what the desk writes is for its own account only
    settings = of_the_office.current()
    parser = argparse.ArgumentParser(prog="python -m pipeline.desk")
    parser.add_argument("--host", default=settings.desk_host)
    parser.add_argument("--port", type=int, default=settings.desk_port, help="0: any free port")
    given = parser.parse_args()
    address_file = settings.home / ADDRESS_FILE
    # uvicorn closes everything on SIGTERM and raises it again; the default would skip `finally`.
    signal.signal(signal.SIGTERM, _stop)
    try:
        Vault.open(settings.keys)  # in words, before the server would show a traceback
        listener = _listen(given.host, given.port)
        host, port = listener.getsockname()[:2]
        address = {"url": f"http://{host}:{port}"}
        config = uvicorn.Config(
            create_app(settings),
            workers=1,  # one process owns the store
            access_log=False,
            server_header=False,
            log_level="warning",
            timeout_graceful_shutdown=5,
        )
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_files.write_private(address_file, json.dumps(address).encode())
        print(json.dumps(address), flush=True)
        server = uvicorn.Server(config)
        server.run(sockets=[listener])
        return 0 if server.started else 3
    except UketsukeError as error:
        print(f"{error.code}: {error.ja} / {error.en}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 0
    finally:
        address_file.unlink(missing_ok=True)


class _WithoutPandas(MetaPathFinder):
    """Spares this process 50 MB: DuckDB loads pandas, where it is installed, for a parameter.

    It only looks whether the parameter is one of pandas' own. Nothing that the desk does needs it.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise InputError(
            "PORT_TAKEN",
            ja=f"ポート {port} はほかのプログラムが使っています。",
            en=f"Port {port} is used by another program.",
            remedy_ja="それを止めるか、UKETSUKE_DESK_PORT で別の番号を指定してください。",
            remedy_en="Stop it, or name another with UKETSUKE_DESK_PORT.",
        ) from None
    return listener


if __name__ == "__main__":
    sys.exit(main())
