"""``python -m benchmarks.readme_table``: writes the figures of the last bench into the README.

The table stands between two marks and is never edited by hand, so that every figure there comes
from a run of ``make bench``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.intervals import Rate

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "benchmarks" / "results" / "latest.json"
README = REPOSITORY / "README.md"
AUC_GOALS = {
    "pose": "≥ .995",
    "sunglasses": "≥ .995",
    "head_covering": "≥ .98",
    "shadow": "≥ .98",
    "sharpness": "≥ .99",
    "eyes": "≥ .995",
}
DATES = (
    "birth_date",
    "application_date",
    "stay_limit_date",
    "reply_date",
    "mandate_date",
    "expiry_date",
)
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def rows(results: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What, measured, goal."""
    forms, characters = results["whole_forms"], results["characters"]
    numbers, pins = characters["my_number"], characters["pin"]
    on_forms = forms["fields"]["my_number"]
    all_silent = _together([f["silent_errors"] for f in forms["fields"].values()])
    dates = [forms["fields"][name] for name in DATES if name in forms["fields"]]
    dates_accepted = _together([d["accepted"] for d in dates])
    dates_silent = _together([d["silent_errors"] for d in dates])
    learning, vault = results["learning"], results["vault"]
    registration = {s["figure"]: s for s in results["registration"]["shares"]}
    photo, speed = results["photo"]["checks"], results["speed"]
    return [
        ("**Our forms, filled with real ink, printed and scanned**", f"{forms['forms']} forms", ""),
        ("form recognised and lined up", _rate(forms["form_right"]), "100 %"),
        ("My Number right", _rate(on_forms["right"]), ""),
        ("My Number accepted by machine", _rate(on_forms["accepted"]), "≥ 98 %"),
        ("My Number silent errors among accepted", _rate(on_forms["silent_errors"]), "0"),
        ("era dates accepted by machine", _rate(dates_accepted), "≥ 95 %"),
        ("era dates wrong among accepted", _rate(dates_silent), "≤ 1 %"),
        ("silent errors, all fields accepted", _rate(all_silent), "≤ 0.037 %"),
        ("expected findings given", _rate(forms["expected_findings_given"]), "100 %"),
        ("**Boxed rows, six line colours, one in eight over the line**", "", ""),
        ("digits right", _rate(numbers["digits"]["right"]), "≥ 99.6 %"),
        ("My Number accepted", _rate(numbers["accepted"]), "≥ 98 %"),
        ("My Number silent errors", _rate(numbers["silent_errors"]), "0 in 10,000"),
        ("PIN characters wrong and not flagged", _rate(pins["wrong_and_unflagged"]), "0 in 20,000"),
        (
            "PIN flags outside 0 O 1 I",
            _rate(pins["flagged_outside_always_flagged"]),
            "≤ 10 %",
        ),
        *_names(results["text"].get("written_names")),
        ("**Lining up 12 layouts**", f"{results['registration']['pages']} pages", ""),
        ("form right", _share(registration["form right"]), "100 %"),
        ("passed within 1.5 px", _share(registration["passed within 1.5 px"]), "≥ 99 %"),
        ("passed above 4 px", _share(registration["passed above 4.0 px"]), "0"),
        (
            "**A form learned from its blank**",
            f"{learning['layouts']} blanks, no hand touched them",
            "",
        ),
        ("zones right, vector PDF", _rate(learning["vector_pdf"]["zones_right"]), "≥ 95 %"),
        ("zones right, scan", _rate(learning["scan"]["zones_right"]), "≥ 95 %"),
        ("**Photos after print and scan** (the photos that limits were set on)", "", ""),
        *((f"AUC {check}", _auc(photo[check]), goal) for check, goal in AUC_GOALS.items()),
        *_prints(results["photo"].get("prints_on_forms")),
        ("**The vault**", f"{vault['purge']['documents']:,} documents", ""),
        (
            "sealing and opening, of the time of examining",
            f"{100 * vault['sealing']['share_of_examination']:.2f} %",
            "≤ 3 %",
        ),
        (
            "audit rows checked in a CPU second",
            f"{vault['audit']['rows_per_cpu_second']:,} ({vault['audit']['rows']:,} rows)",
            "≥ 200,000",
        ),
        ("master key changed", f"{vault['rotation']['seconds']:.1f} s", "≤ 60 s for 100,000"),
        ("purge, files and keys", f"{vault['purge']['seconds']:.0f} s", "≤ 30 s for 100,000"),
        *_store(results.get("store")),
        *_desk(results.get("desk")),
        ("**Speed, one thread, same pages and run**", f"{speed['pages']} pages", ""),
        ("Uketsuke, whole examination", _speed(speed["uketsuke"]), "≥ 0.5 pages/s a core"),
        *_reading(speed["uketsuke"].get("reading_all_zones_cpu_ms")),
        ("PaddleOCR, whole page, text only", _speed(speed["paddleocr_whole_page"]), ""),
        ("tesseract, whole page, text only", _speed(speed["tesseract_whole_page"]), ""),
    ]


def _reading(times: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    if times is None:
        return []
    measured = f"{times['median']:.0f} ms (p95 {times['p95']:.0f} ms, n {times['n']})"
    return [("reading all zones of a page, CPU", measured, "≤ 250 ms")]


def _prints(prints: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    if prints is None:
        return []
    return [
        ("**Prints glued on forms**, pages that no limit was set on", "", ""),
        ("size within 0.5 mm", _rate(prints["drawn"]["size_within_0.5_mm"]), "≥ 98 %"),
        ("turn within 0.5 degrees", _rate(prints["drawn"]["turn_within_0.5_deg"]), ""),
        ("wrong size passed", _rate(prints["drawn"]["wrong_passes"]), "0"),
        (
            "size within 0.5 mm, photos of real walls",
            _rate(prints["real_faces"]["size_within_0.5_mm"]),
            "≥ 98 %",
        ),
        (
            "wrong size passed, photos of real walls",
            _rate(prints["real_faces"]["wrong_passes"]),
            "0",
        ),
    ]


def _store(store: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    if store is None:
        return []
    documents, tasks = f"{store['documents']:,} documents", f"{store['open_tasks']:,} open tasks"
    slowest, memory = store["slowest_queue_question"], store["memory"]
    names = ("queue: next task handed out", "queue: counts", "queue: carpet handed out")
    asked = [(name, store["questions"][name]) for name in names]
    goal = "≤ 20 ms at 1,000,000"
    return [
        ("**The desk's store**, CPU of all threads, p95", f"{documents}, {tasks}", ""),
        *((name, f"{figures['cpu_p95_ms']:.1f} ms (n {figures['n']})", goal)
          for name, figures in asked),
        (f"slowest ({slowest['name']})", f"{slowest['cpu_p95_ms']:.1f} ms", goal),
        (
            f"memory of the desk, {memory['open_tasks']:,} open tasks",
            f"{memory['used_mib']} MiB, peak {memory['peak_mib']}",
            "≤ 300 MB",
        ),
    ]  # fmt: skip


def _desk(desk: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    if desk is None:
        return []
    busy, alone = desk["enter_to_painted"], desk["enter_to_painted_alone"]
    company, carpet = desk["company"], desk["carpet"]
    others = f"{company['reviewers']} reviewers, {company['documents_loaded']} documents loading"
    return [
        ("**The desk in a browser**, all on this machine", others, ""),
        ("Enter to next task and picture painted", _waited(busy), "p95 ≤ 60 ms"),
        ("the same without the others", _waited(alone), ""),
        ("first page painted", _times(desk["first_page"]), "≤ 500 ms"),
        (
            f"carpet, {carpet['thought_s_per_row']} s of thought a row",
            f"{carpet['crops_an_hour']:,} crops an hour (n {carpet['crops']})",
            "≥ 1,500",
        ),
    ]


def _waited(review: dict[str, Any]) -> str:
    return _times(review["next_task_and_picture"])


def _times(figures: dict[str, Any]) -> str:
    return f"p50 {figures['p50_ms']:.0f} ms, p95 {figures['p95_ms']:.0f} ms (n {figures['n']})"


def table(results: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    made = results["made"]
    lines = ["| what | measured (95 % interval) | goal |", "|---|---|---|"]
    lines += [f"| {what} | {value} | {goal} |" for what, value, goal in rows(results)]
    lines.append("")
    lines.append(
        f"Measured {made['at'][:10]} on {made['cores']} cores by `make bench`{_older(results)}."
    )
    return "\n".join(lines)


def _older(results: dict[str, Any]) -> str:
    """Which parts were measured before the last day, and when."""
    last = results["made"]["at"][:10]
    days = {
        name: part["measured_on"]
        for name, part in results.items()
        if isinstance(part, dict) and part.get("measured_on", last) != last
    }
    return "".join(f"; {name} {day}" for name, day in sorted(days.items()))


def _together(rates: list[dict[str, Any]]) -> dict[str, Any]:
    return {"k": sum(r["k"] for r in rates), "n": sum(r["n"] for r in rates)}


def _names(written: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    if written is None:
        return []
    return [
        ("**Written names, ink of fonts**", "", ""),
        ("characters of names wrong", _rate(written["names"]["character_errors"]), "≤ 1.5 %"),
        ("of these in a flagged span", _rate(written["names"]["errors_in_flagged_span"]), "≥ 99 %"),
        ("characters of kana wrong", _rate(written["kana"]["character_errors"]), ""),
    ]


def _rate(rate: dict[str, Any]) -> str:
    return str(Rate(rate["k"], rate["n"]))


def _share(share: dict[str, Any]) -> str:
    return _rate({"k": round(share["value"] * share["n"]), "n": share["n"]})


def _auc(figures: dict[str, Any]) -> str:
    if figures.get("auc") is None:
        return "not measured"
    bounds = f"{figures['auc_low']:.3f}-{figures['auc_high']:.3f}"
    return f"{figures['auc']:.3f} ({figures['n_bad']} bad, {figures['n_good']} good, {bounds})"


def _speed(figures: dict[str, Any]) -> str:
    if "pages_per_s" not in figures:
        return "not measured"
    return f"{figures['pages_per_s']:.2f} pages/s, {figures['peak_memory_mib']:.0f} MiB"


def main() -> None:
    """Put the table into the README."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    made = table(json.loads(RESULTS.read_text(encoding="utf-8")))
    README.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
