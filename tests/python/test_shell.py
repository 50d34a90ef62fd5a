"""The shell at a terminal, which Rust's tests have none of."""

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT

SHELL = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/ziln"
SECONDS = 60


class Terminal:
    """A terminal with the shell at its other end; what is typed before the prompt is there would be lost."""

    def __init__(self, folder: Path) -> None:
        self.ours, terminal = pty.openpty()
        command = [str(SHELL), "--quiet", "--format", "csv"]
        # It has to be the terminal of the shell's own session: only then is Ctrl-C a signal.
        self.shell = subprocess.Popen(
            command, cwd=folder, preexec_fn=lambda: os.login_tty(terminal)
        )
        os.close(terminal)
        self.unread = b""

    def read_until(self, wanted: bytes) -> bytes:
        """What is written up to some text and with it, or to the end."""
        written, deadline = self.unread, time.monotonic() + SECONDS
        while wanted not in written:
            ready, _, _ = select.select([self.ours], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{wanted!r} did not come: {written!r}"
            try:
                chunk = os.read(self.ours, 1 << 16)
            except OSError:  # the other end was closed
                chunk = b""
            if not chunk:
                break
            written += chunk
        before, found, self.unread = written.partition(wanted)
        return before + found

    def type(self, line: bytes, wanted: bytes) -> bytes:
        """What is written after a line was typed, up to some text."""
        os.write(self.ours, line + b"\r")
        return self.read_until(wanted)


NEEDS_SHELL = pytest.mark.skipif(
    not SHELL.exists(), reason="the shell has not been built (make build)"
)


@NEEDS_SHELL
def test_typed_statements_go_on_after_an_error(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.read_until(b"> ")
        terminal.type(b"SELECT nope;", b"No field named nope")
        terminal.read_until(b"> ")
        assert b"42" in terminal.type(b"SELECT 40 + 2 AS answer;", b"42")
        terminal.read_until(b"> ")
        os.write(terminal.ours, b"\\q\r")
        assert terminal.shell.wait(timeout=SECONDS) == 0
    finally:
        terminal.shell.kill()
        terminal.shell.wait()
        os.close(terminal.ours)


@NEEDS_SHELL
def test_ctrl_c_ends_training_and_not_the_shell(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    customers = "SELECT value % 7 AS x, CASE WHEN value % 3 = 0 THEN value % 11 ELSE 0 END AS y FROM range(0, 100000)"
    try:
        terminal.read_until(b"> ")
        query = f"SELECT length(ziln_fit_sgd(y, {{x: x}}, {{epochs: 1000000}})) FROM ({customers});"
        os.write(terminal.ours, query.encode() + b"\r")
        time.sleep(2)
        interrupted = time.monotonic()
        os.write(terminal.ours, b"\x03")
        terminal.read_until(b"^C")
        terminal.read_until(b"> ")
        assert b"42" in terminal.type(b"SELECT 40 + 2 AS answer;", b"42\r")
        # Left alone the training takes hours, and the shell would not answer before its end.
        assert time.monotonic() - interrupted < SECONDS
    finally:
        terminal.shell.kill()
        terminal.shell.wait()
        os.close(terminal.ours)
