"""The border to Dagster's storage: only names and numbers cross it.

Dagster keeps metadata, logs and the text of errors in plain SQLite for ever. So metadata is made
by ``counts`` alone, and an unexpected error is replaced by one without its message.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec, TypeVar

import dagster as dg

from pipeline.domain.errors import DefectError, UketsukeError

P = ParamSpec("P")
T = TypeVar("T")
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}|[0-9]{8}[A-Za-z0-9_.:-]{0,56}", re.ASCII)
LONG_RUN_OF_DIGITS = re.compile(r"[0-9]{9,}")


class StepFailedError(Exception):
    """A step failed; says which error and where in the code, nothing else."""


def is_harmless(value: object) -> bool:
    """Whether a value may stand in Dagster's storage: a number or an identifier of ours."""
    if isinstance(value, bool | int | float):
        return True
    return (
        isinstance(value, str)
        and IDENTIFIER.fullmatch(value) is not None
        and LONG_RUN_OF_DIGITS.search(value) is None
    )


def counts(values: Mapping[str, int | float | str]) -> dict[str, int | float | str]:
    """Metadata made of names and numbers.

    Raises:
        ValueError: If a name or value is anything else; the message does not repeat it.
    """
    for name, value in values.items():
        if not (is_harmless(name) and is_harmless(value)):
            raise ValueError("metadata holds names and numbers only")
    return dict(values)


def without_values(step: Callable[P, T]) -> Callable[P, T]:
    """Keep an unexpected error's message, which might hold what was read, out of Dagster.

    Our own errors never carry a value; they pass with their code and words. A defect of ours is
    not tried again at once: a missing model will not come by itself.
    """

    @functools.wraps(step)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        failure: Exception
        try:
            return step(*args, **kwargs)
        except DefectError as error:
            failure = dg.Failure(str(error), allow_retries=False)
        except UketsukeError as error:
            failure = StepFailedError(str(error))
        except Exception as error:
            failure = StepFailedError(f"{type(error).__name__} at {_place(error)}")
        # Outside the handler: so that the first error is not chained to this one.
        raise failure

    return guarded


def _place(error: Exception) -> str:
    place, trace = "?", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if {"pipeline", "assets"} & set(Path(code.co_filename).parts):
            place = f"{Path(code.co_filename).stem}.{code.co_name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
