"""The command of the Python package: the shell at a terminal and in a process of Python."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

SHELL = Path(sys.executable).with_name("ziln")
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


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal whose shell ends with the test."""
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.shell.kill()
    terminal.shell.wait()
    os.close(terminal.ours)


def test_typed_statements_go_on_after_an_error(terminal: Terminal) -> None:
    terminal.read_until(b"> ")
    terminal.type(b"SELECT nope;", b"No field named nope")
    terminal.read_until(b"> ")
    assert b"42" in terminal.type(b"SELECT 40 + 2 AS answer;", b"42")
    terminal.read_until(b"> ")
    os.write(terminal.ours, b"\\q\r")
    assert terminal.shell.wait(timeout=SECONDS) == 0


def test_what_would_end_the_process_is_refused_at_the_prompt(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "deep.sql").write_text("SELECT " + "+".join(["1"] * 20_000))
    refused = [
        (b"SET datafusion.execution.batch_size = 1099511627776;", b"expected 1 to 1048576, got"),
        (b'SET "datafusion.execution.batch_size" = +1099511627776;', b"expected 1 to 1048576, got"),
        (b"SET datafusion.execution.target_partitions = 100000000;", b"expected 1 to 1024, got"),
        (b"\\i deep.sql", b"expected at most 20000 words"),
    ]
    size = (
        b"SELECT value FROM information_schema.df_settings WHERE name LIKE '%execution.batch_size';"
    )
    terminal.read_until(b"> ")
    for line, message in refused:
        assert message in terminal.type(line, message)
        terminal.read_until(b"> ")
    # The value before is kept, and another can be set.
    assert b"8192" in terminal.type(size, b"8192\r")
    terminal.read_until(b"> ")
    terminal.type(b"SET datafusion.execution.batch_size = 100; SELECT 40 + 2;", b"42\r")
    terminal.read_until(b"> ")
    assert b"100" in terminal.type(size, b"100\r")
    terminal.read_until(b"> ")
    os.write(terminal.ours, b"\x04")
    assert terminal.shell.wait(timeout=SECONDS) == 0


def test_a_panic_of_the_engine_does_not_end_the_prompt(terminal: Terminal) -> None:
    terminal.read_until(b"> ")
    # DataFusion takes the name of an encoding that the writer of Parquet files panics on.
    setting = b"SET datafusion.execution.parquet.encoding = 'plain_dictionary';"
    terminal.type(setting + b" SELECT 40 + 1;", b"41\r")
    terminal.read_until(b"> ")
    terminal.type(b"COPY (SELECT 1 AS a) TO 'a.parquet';", b"internal error: ")
    terminal.read_until(b"> ")
    assert b"42" in terminal.type(b"SELECT 40 + 2 AS answer;", b"42\r")


def test_ctrl_c_ends_training_and_not_the_shell(terminal: Terminal) -> None:
    customers = "SELECT value % 7 AS x, CASE WHEN value % 3 = 0 THEN value % 11 ELSE 0 END AS y FROM range(0, 100000)"
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


def run(*arguments: str, sql: str = "") -> tuple[int, str, str]:
    """The exit code of the shell, and what it wrote."""
    command = [str(SHELL), "--quiet", "--format", "csv", *arguments]
    ended = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=SECONDS)
    return ended.returncode, ended.stdout, ended.stderr


def test_it_reads_arguments_and_pipes() -> None:
    assert run("--command", "SELECT ziln_pay_prob(0, 1, 1) AS p") == (0, "p\n0.5\n", "")
    assert run(sql="SELECT 'ä' AS a;") == (0, "a\nä\n", "")
    code, output, errors = run(sql="SELECT 1 AS a; SELECT nope; SELECT 2;")
    assert (code, output) == (1, "a\n1\n")
    assert errors.startswith("Error: ")
    assert "Traceback" not in errors
    code, output, errors = run("--nope")
    assert (code, output) == (2, "")
    assert "--help" in errors


def test_it_tells_its_versions() -> None:
    code, output, _ = run("--version")
    assert code == 0
    assert output.startswith(f"ziln {metadata.version('ziln')} (DataFusion 5")
    assert "format_version 1 to 2" in output


def test_an_interrupt_ends_it() -> None:
    endless = "SELECT 1 AS a; SELECT count(*) FROM range(0, 1000000000) a, range(0, 1000000000) b"
    command = [str(SHELL), "--quiet", "--format", "csv", "--command", endless]
    shell = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == "a\n"
        shell.send_signal(signal.SIGINT)
        assert shell.wait(timeout=SECONDS) == -signal.SIGINT
        assert shell.stderr is not None
        assert shell.stderr.read() == ""


def test_it_starts_without_polars() -> None:
    script = "import sys, ziln._shell; sys.exit('polars' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=SECONDS)
