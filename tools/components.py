"""Lists every component that this installation runs with, as CycloneDX 1.6 JSON.

    .venv/bin/python tools/components.py --out build/components.cdx.json

Packages come from what is really installed, checked against the hashes of ``requirements.lock``;
models from ``models/manifest.toml``; the scripts of the desk from its static folder. No network.
Exit 3 where something is installed that the lock does not name, or in another version, or where
a licence is not one that was looked at (``ACCEPTED``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SPEC_VERSION = "1.6"
# Words of licences that may stand in this product; each was looked at. LGPL and MPL parts are
# used as they come, unmodified, and loaded at run time.
ACCEPTED = (
    "MIT", "BSD", "Apache", "ISC", "PSF", "Python Software Foundation", "MPL", "Mozilla",
    "LGPL", "Lesser General Public", "HPND", "Unlicense", "0BSD", "Zlib", "public domain",
    "CC0", "OFL", "IPA", "repository", "MIT-CMU", "NIST",
)  # fmt: skip
# Tools that make the environment itself; the lock need not name them.
_BOOTSTRAP = {"pip", "setuptools", "wheel", "uv"}
# Where a package states no licence in its metadata: what its own licence file says.
_READ_IN_FILE = {
    "duckdb-extensions": "MIT",
    "duckdb-extension-httpfs": "MIT",
    # With axe-core inside, under MPL-2.0; the tests use it, the product does not.
    "axe-playwright-python": "MIT, MPL-2.0",
}


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that is not ours, or one model."""

    kind: str  # library | machine-learning-model | file
    name: str
    version: str
    licence: str
    hashes: tuple[str, ...] = ()


def canonical(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Version and SHA-256 sums of every package in a lock file."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        head = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", block)
        if head:
            sums = tuple(re.findall(r"sha256:([0-9a-f]{64})", block))
            found[canonical(head[1])] = (head[2], sums)
    return found


def licence_of(package: metadata.Distribution) -> str:
    """What a package says of its licence, shortest first."""
    stated = _stated(package, "License-Expression")
    if not stated:
        classified = [
            c.split("::")[-1].strip()
            for c in package.metadata.get_all("Classifier") or []
            if c.startswith("License")
        ]
        stated = "; ".join(classified)
    if not stated or stated == "OSI Approved":
        stated = _stated(package, "License").strip().split("\n")[0][:80]
    return stated or _READ_IN_FILE.get(canonical(package.name), "")


def _stated(package: metadata.Distribution, name: str) -> str:
    return str((package.metadata.get_all(name) or [""])[0])


def packages(lock: dict[str, tuple[str, tuple[str, ...]]]) -> tuple[list[Component], list[str]]:
    """Every installed package, and what is wrong with them."""
    found, wrong = [], []
    for package in metadata.distributions():
        name = canonical(package.name)
        if name in _BOOTSTRAP or name == "uketsuke":
            continue
        version, sums = lock.get(name, ("", ()))
        if not version:
            wrong.append(f"{name} is installed and the lock does not name it")
        elif version != package.version:
            wrong.append(f"{name} is installed in {package.version}, the lock says {version}")
        found.append(Component("library", name, package.version, licence_of(package), sums))
    return sorted(found, key=lambda c: c.name), wrong


def models(manifest: dict[str, Any]) -> list[Component]:
    """Every model."""
    return [
        Component(
            "machine-learning-model",
            name,
            str(facts.get("version", "own")),
            str(facts["licence"]),
            (str(facts["sha256"]),),
        )
        for name, facts in sorted(manifest.items())
    ]


def vendored(folder: Path) -> list[Component]:
    """Scripts of others in the desk's static folder: those that lie there with a licence."""
    found = []
    for licence in sorted(folder.glob("*.LICENSE.txt")):
        stem = licence.name.removesuffix(".LICENSE.txt")
        for path in sorted(folder.glob(f"{stem}*.js")):
            text = path.read_bytes()
            version = re.search(rb'version\s*[:=]\s*"([0-9.]+)"', text)
            found.append(
                Component(
                    "file",
                    path.name,
                    version[1].decode() if version else "",
                    licence.read_text(encoding="utf-8").strip().splitlines()[0][:60],
                    (hashlib.sha256(text).hexdigest(),),
                )
            )
    return found


def bill(components: list[Component]) -> dict[str, Any]:
    """The list as CycloneDX."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "uketsuke"}},
        "components": [
            {
                "type": c.kind,
                "name": c.name,
                "version": c.version,
                "licenses": [{"license": {"name": c.licence}}],
                **(
                    {"purl": f"pkg:pypi/{c.name}@{c.version}"}
                    if c.kind == "library"
                    else {}
                ),
                "hashes": [{"alg": "SHA-256", "content": h} for h in c.hashes],
            }
            for c in components
        ],
    }  # fmt: skip


def collect() -> tuple[list[Component], list[str]]:
    """Every component of this checkout, and what is wrong."""
    lock = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    found, wrong = packages(lock)
    found += models(tomllib.loads((ROOT / "models" / "manifest.toml").read_text("utf-8")))
    found += vendored(ROOT / "pipeline" / "desk" / "static")
    for component in found:
        if not any(word.lower() in component.licence.lower() for word in ACCEPTED):
            wrong.append(f"{component.name}: licence not looked at: {component.licence or 'none'}")
        if not component.hashes:
            wrong.append(f"{component.name}: no hash")
    return found, wrong


def main() -> int:
    """Write the list; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "components.cdx.json")
    options = parser.parse_args()
    found, wrong = collect()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(bill(found), indent=1) + "\n", encoding="utf-8")
    print(f"{len(found)} components -> {options.out}", file=sys.stderr)
    for problem in wrong:
        print(f"  {problem}", file=sys.stderr)
    return 3 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
