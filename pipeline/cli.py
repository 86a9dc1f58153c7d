"""The ``uketsuke`` command: assembles the topics and shows errors as people need them.

Exit codes: 0 done; 1 something unexpected; 2 the input; 3 our defect; 4 the policy forbids it;
130 interrupted.
"""

from __future__ import annotations

import os
import sys

# Dependencies must not call out; set before any of them is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
# One thread a process: the pool uses the cores, and idle threads of linear algebra would spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from pipeline.commands.auditing import audit_app
from pipeline.commands.calibrating import calibrate
from pipeline.commands.examining import examine
from pipeline.commands.forms import forms_app
from pipeline.commands.handover import handover_app, incident
from pipeline.commands.keys import keys_app
from pipeline.commands.models import models_app
from pipeline.commands.photo import photo
from pipeline.commands.quarantine import quarantine_app
from pipeline.commands.retention import holds_app, purge
from pipeline.commands.running import export, run, serve, stats
from pipeline.commands.samples import samples_app
from pipeline.commands.showing import show_error, unexpected
from pipeline.commands.training import train
from pipeline.commands.users import users_app
from pipeline.domain.errors import UketsukeError
from pipeline.hardening import keep_memory_private

app = typer.Typer(
    name="uketsuke",
    help="受付: 返送された申請書を読み取り、確かでない所を人に示します。 / "
    "Reads returned applications and shows people what is not certain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(run)
app.command()(serve)
app.command()(examine)
app.command()(photo)
app.command()(export)
app.command()(stats)
app.command()(purge)
app.command()(incident)
app.command()(calibrate)
app.command()(train)
app.add_typer(forms_app, name="forms")
app.add_typer(samples_app, name="samples")
app.add_typer(models_app, name="models")
app.add_typer(keys_app, name="keys")
app.add_typer(users_app, name="users")
app.add_typer(holds_app, name="holds")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(audit_app, name="audit")
app.add_typer(handover_app, name="handover")


def main() -> None:
    """Run the command line; never a bare traceback for a person's mistake."""
    keep_memory_private()
    try:
        app()
    except UketsukeError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        show_error(unexpected(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
