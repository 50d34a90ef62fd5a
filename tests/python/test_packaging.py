"""The source distribution holds what building it needs."""

from __future__ import annotations

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
    package = {path.name for path in (ROOT / "python/ziln").iterdir() if path.suffix != ".so"}
    assert {f"python/ziln/{name}" for name in package - {"__pycache__"}} <= names
    # Cargo refuses a manifest that names a target whose file is missing.
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    for kind in ("bench", "example", "test"):
        for target in manifest.get(kind, []):
            assert (
                target.get("path", f"{kind}s/{target['name']}.rs".replace("benchs", "benches"))
                in names
            )
