"""Option ``progress``: what a terminal shows of a training that takes long, and that it changes nothing else."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import datafusion
import polars as pl
import pytest
from conftest import random_customers

import ziln

SECONDS = 60
SHELL = Path(sys.executable).with_name("ziln")

# Left alone, the trainings take hours. With held-out rows the loss of every epoch is known.
SQL = """SELECT length(ziln_fit_sgd(y, {x: x}, {epochs: 1000000, validation_fraction: 0.2, patience: 1000000,
        progress: PROGRESS})) FROM (
    SELECT value % 7 AS x, CASE WHEN value % 3 = 0 THEN value % 11 ELSE 0 END AS y FROM range(0, 20000))"""
SCRIPT = """
import polars as pl, ziln
frame = pl.DataFrame({"x": range(20_000)}).select(
    pl.col("x") % 7, y=pl.when(pl.col("x") % 3 == 0).then(pl.col("x") % 11).otherwise(0), g=pl.col("x") % 200
)
def train(epochs=1_000_000, progress=PROGRESS):
    options = dict(validation_fraction=0.2, patience=1_000_000, progress=progress)
    return ziln.fit_sgd("y", ["x"], epochs=epochs, **options)
try:
    try:
CODE
    except pl.exceptions.ComputeError as error:
        assert "interrupted" in str(error)
except KeyboardInterrupt:
    pass
print("over")
"""
ALONE = "frame.select(train())"
DATAFUSION = """import datafusion
ctx = datafusion.SessionContext()
ziln.register_all(ctx)
options = "{epochs: 1000000, validation_fraction: 0.2, patience: 1000000, progress: PROGRESS}"
ctx.from_arrow(frame.to_arrow(), "t")
ctx.sql(f"SELECT ziln_fit_sgd(y, {{x: x}}, {options}) FROM t").collect()"""
# Small ones that come to their end, and a large one.
GROUPS = """frame = pl.concat([frame] * 200)
while True:
    frame.group_by("g").agg(train(epochs=20))"""


def script(code: str, progress: bool) -> list[str]:
    code = textwrap.indent(code, " " * 8)
    return [
        sys.executable,
        "-c",
        SCRIPT.replace("CODE", code).replace("PROGRESS", str(progress)),
    ]


def shell(progress: bool) -> list[str]:
    return [str(SHELL), "--quiet", "--command", SQL.replace("PROGRESS", str(progress))]


class Terminal:
    """A terminal to which a program writes."""

    def __init__(self, command: list[str]) -> None:
        self.ours, terminal = pty.openpty()
        self.program = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal
        )
        os.close(terminal)

    def read_until(self, wanted: str) -> str:
        """What is written up to what matches."""
        written, deadline = b"", time.monotonic() + SECONDS
        while not re.search(wanted, text := written.decode(errors="replace")):
            ready, _, _ = select.select([self.ours], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{wanted} did not come: {text!r}"
            try:
                written += os.read(self.ours, 1 << 16)
            except OSError as error:  # the other end was closed
                raise AssertionError(f"{wanted} did not come: {text!r}") from error
        return text

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self.ours)


BAR = r"\[[=> ]{30}\] epoch \d+ of 1000000, loss \d+\.\d{4}, \d+\w+ left"


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (shell(progress=True), BAR),
        (script(ALONE, progress=True), BAR),
        (script(GROUPS, progress=True), r"models \d+"),
        (script(DATAFUSION, progress=True), BAR),
    ],
    ids=["shell", "Polars", "Polars, groups", "DataFusion"],
)
def test_a_terminal_shows_a_training_that_takes_long(command: list[str], wanted: str) -> None:
    terminal = Terminal(command)
    try:
        assert "over" not in terminal.read_until(wanted)
        terminal.program.send_signal(signal.SIGINT)
        if command[0] != str(SHELL):
            # The line is there again for what the program writes next.
            *_, last = terminal.read_until("over").split("\x1b[2K")
            assert last.strip() == "over"
    finally:
        terminal.close()


@pytest.mark.parametrize(
    "command",
    [
        shell(progress=True),
        script(ALONE, progress=True),
        script(GROUPS, progress=True),
        script(DATAFUSION, progress=True),
    ],
    ids=["shell", "Polars", "Polars, groups", "DataFusion"],
)
def test_nothing_is_written_where_there_is_no_terminal(command: list[str]) -> None:
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(4)  # a terminal would show it by now
    assert program.poll() is None
    program.send_signal(signal.SIGINT)
    try:
        output, errors = program.communicate(timeout=SECONDS)
    finally:
        program.kill()
    assert errors == b""
    assert output == (b"" if command[0] == str(SHELL) else b"over\n")


@pytest.mark.parametrize("command", [shell(progress=False), script(ALONE, progress=False)])
def test_a_terminal_shows_nothing_that_was_not_asked_for(command: list[str]) -> None:
    terminal = Terminal(command)
    try:
        ready, _, _ = select.select([terminal.ours], [], [], 4)
        assert not ready, os.read(terminal.ours, 1 << 16)
    finally:
        terminal.close()


def test_the_model_is_the_same(ctx: datafusion.SessionContext) -> None:
    customers = random_customers(300, seed=5)
    ctx.from_arrow(customers.to_arrow(), "customers")
    features = ["visits", "recency", "channel"]
    in_sql = "{visits: visits, recency: recency, channel: channel}"

    def texts(progress: bool) -> pl.DataFrame:
        fits = customers.group_by("campaign").agg(
            sgd=ziln.fit_sgd("ltv", features, epochs=3, progress=progress),
            network=ziln.fit_sgd("ltv", features, epochs=2, hidden=[4], progress=progress),
            newton=ziln.fit_newton("ltv", features, progress=progress),
            prior=ziln.fit_prior("ltv", features, "channel", progress=progress),
        )
        return fits.sort("campaign")

    def in_datafusion(progress: bool) -> pl.DataFrame:
        query = f"""
            SELECT campaign,
                ziln_fit_sgd(ltv, {in_sql}, {{epochs: 3, progress: {progress}}}) AS sgd,
                ziln_fit_sgd(ltv, {in_sql}, {{epochs: 2, hidden: [4], progress: {progress}}}) AS network,
                ziln_fit_newton(ltv, {in_sql}, {{progress: {progress}}}) AS newton,
                ziln_fit_prior(ltv, {in_sql}, channel, {{progress: {progress}}}) AS prior
            FROM customers GROUP BY campaign ORDER BY campaign"""
        frame = pl.DataFrame(ctx.sql(query).to_arrow_table())
        return frame.with_columns(pl.exclude("campaign").cast(pl.String))

    quiet = texts(progress=False)
    for same in (texts(progress=True), in_datafusion(progress=False), in_datafusion(progress=True)):
        assert same.equals(quiet)
    assert not quiet["sgd"].str.contains("progress").any()


def test_it_is_true_or_false(ctx: datafusion.SessionContext) -> None:
    frame = pl.DataFrame({"x": [1, 2], "y": [0, 3]})
    message = "option `progress`: expected true or false, got 1"
    for fit in (ziln.fit_sgd, ziln.fit_newton):
        with pytest.raises(pl.exceptions.ComputeError, match=message):
            frame.select(fit("y", ["x"], progress=1))  # type: ignore[arg-type]
    ctx.from_arrow(frame.to_arrow(), "t")
    for name in ("ziln_fit_sgd", "ziln_fit_newton"):
        with pytest.raises(Exception, match=message):
            ctx.sql(f"SELECT {name}(y, x, {{progress: 1}}) FROM t").collect()
