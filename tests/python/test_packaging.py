"""The source distribution holds what building it needs, and the builds share what they can."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

from conftest import ROOT


def test_the_source_distribution_is_complete(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "maturin", "sdist", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    for path in ("Cargo.lock", "LICENSE", "README.md", "pyproject.toml", "python/src/lib.rs"):
        assert path in names
    package = (path for path in (ROOT / "python/ziln").rglob("*") if path.is_file())
    kept = {path for path in package if path.suffix not in {".so", ".pyc"}}
    assert {str(path.relative_to(ROOT)) for path in kept} <= names
    # Cargo refuses a manifest that names a target whose file is missing.
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    for kind in ("bench", "example", "test"):
        for target in manifest.get(kind, []):
            assert (
                target.get("path", f"{kind}s/{target['name']}.rs".replace("benchs", "benches"))
                in names
            )


def crates(folder: Path, *flags: str) -> dict[str, set[str]]:
    """Of each package that is chosen the crates that it is built of, with their features; one is listed once.

    The package of the folder has a say in the features, even where it is not chosen.
    """
    command = ["cargo", "tree", *flags, "--prefix", "none", "--format", "{p} {f}"]
    trees = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True).stdout
    lines = [
        [line.removesuffix(" (*)") for line in tree.splitlines()] for tree in trees.split("\n\n")
    ]
    return {tree[0].split()[0]: set(tree) for tree in lines}


def test_the_rust_tests_compile_datafusion_as_the_module_does() -> None:
    (tested,) = re.findall("^TESTED := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    engines = ("datafusion-cli", "datafusion-ffi")
    chosen = [flag for package in ("ziln-python", *engines) for flag in ("-p", package)]
    module = crates(ROOT / "python", *chosen, "--features=python", "--edges=normal,build")
    tests = set().union(*crates(ROOT, *tested.split(), "--edges=normal,build,dev").values())
    names = {" ".join(crate.split()[:2]) for engine in engines for crate in module[engine]}
    assert "datafusion v55.2.0" in names
    other = tests.difference(*module.values())
    assert not [crate for crate in sorted(other) if " ".join(crate.split()[:2]) in names]
