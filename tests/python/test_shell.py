"""The shell at a terminal, which Rust's tests have none of."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

SHELL = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/ziln"


@pytest.mark.skipif(not SHELL.exists(), reason="the shell has not been built (make build)")
def test_typed_statements_go_on_after_an_error(tmp_path: Path) -> None:
    ours, terminal = pty.openpty()
    shell = subprocess.Popen(
        [SHELL, "--quiet", "--format", "csv"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=tmp_path,
    )
    os.close(terminal)
    os.write(ours, b"SELECT nope;\nSELECT 40 + 2 AS answer;\n\\q\n")
    written = b""
    while chunk := read(ours):
        written += chunk
    assert shell.wait(timeout=60) == 0
    assert b"No field named nope" in written
    assert b"\r\n42\r\n" in written


def read(terminal: int) -> bytes:
    """What was written to the terminal; nothing once it is closed."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""
