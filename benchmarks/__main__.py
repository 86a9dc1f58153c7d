"""``make bench``: every figure with its n and interval, to the screen and to a JSON file."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import (
    characters_bench,
    desk_bench,
    learning_bench,
    photo_bench,
    registration_bench,
    speed_bench,
    store_bench,
    text_bench,
    vault_bench,
    whole_forms_bench,
)

# What the default run may take: it is the check before every release.
DEFAULT_MINUTES = 20
RESULTS = Path(__file__).resolve().parent / "results"
PARTS: dict[str, Callable[[bool], dict[str, Any]]] = {
    "whole_forms": whole_forms_bench.run,
    "characters": characters_bench.run,
    "text": text_bench.run,
    "registration": registration_bench.run,
    "learning": learning_bench.run,
    "photo": photo_bench.run,
    "vault": vault_bench.run,
    "store": store_bench.run,
    "desk": desk_bench.run,
    "speed": speed_bench.run,
}


def main(wanted: list[str]) -> None:
    """Run the parts named, or all, and write ``benchmarks/results/latest.json``."""
    full = os.environ.get("FULL") == "1"
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / ("full.json" if full else "latest.json")
    made = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "full": full,
    }
    spent = 0.0
    for name in wanted or list(PARTS):
        print(f"\n== {name}", file=sys.stderr, flush=True)
        begin = time.perf_counter()
        result = PARTS[name](full)
        result["bench_seconds"] = round(time.perf_counter() - begin, 1)
        result["measured_on"] = dt.datetime.now(dt.UTC).date().isoformat()
        spent += result["bench_seconds"]
        # Read again: parts may run side by side.
        results: dict[str, Any] = json.loads(target.read_text()) if target.exists() else {}
        results |= {"made": made, name: result}
        target.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")
        _show(name, result)
    late = "" if full or spent <= 60 * DEFAULT_MINUTES else f", over the {DEFAULT_MINUTES} allowed"
    print(f"\n{spent / 60:.1f} minutes{late}", file=sys.stderr)
    print(f"→ {target.relative_to(RESULTS.parent.parent)}", file=sys.stderr)


def _show(name: str, result: dict[str, Any]) -> None:
    print(f"\n== {name}")
    if name == "whole_forms":
        print("\n".join(whole_forms_bench.lines(result)))
        return
    if name == "registration":
        print(registration_bench.table(result))
        return
    _show_tree(result, 0)


def _show_tree(node: dict[str, Any], depth: int) -> None:
    for key, value in node.items():
        label = "  " * depth + str(key)
        if isinstance(value, dict) and {"k", "n", "low", "high"} <= set(value):
            share = "-" if value["value"] is None else f"{100 * value['value']:.3f} %"
            bounds = f"95 % {100 * value['low']:.3f}-{100 * value['high']:.3f} %"
            print(f"{label:44} {share:>11}  ({value['k']}/{value['n']}, {bounds})")
        elif isinstance(value, dict):
            print(label)
            _show_tree(value, depth + 1)
        else:
            print(f"{label:44} {value}")


if __name__ == "__main__":
    main(sys.argv[1:])
