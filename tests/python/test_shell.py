"""The shell at a terminal, which Rust's tests have none of."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT

SHELL = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/ziln"

PROMPT = b"to quit"
"""What the shell shows where it waits for a statement."""


@pytest.mark.skipif(not SHELL.exists(), reason="the shell has not been built (make build)")
def test_typed_statements_go_on_after_an_error(tmp_path: Path) -> None:
    ours, terminal = pty.openpty()
    command = [str(SHELL), "--quiet", "--format", "csv"]
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=tmp_path
    ) as shell:
        os.close(terminal)
        try:
            read_until(ours, PROMPT)
            os.write(ours, b"SELECT nope;\r")
            assert b"No field named nope" in read_until(ours, PROMPT)
            os.write(ours, b"SELECT 40 + 2 AS answer;\r")
            assert b"\r\n42\r\n" in read_until(ours, PROMPT)
            os.write(ours, b"\\q\r")
            assert shell.wait(timeout=60) == 0
        finally:
            shell.kill()
            os.close(ours)


def read_until(terminal: int, end: bytes) -> bytes:
    """What is written to the terminal until the end comes."""
    written = b""
    deadline = time.monotonic() + 60
    while end not in written:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, written
        written += os.read(terminal, 1 << 16)
    return written
