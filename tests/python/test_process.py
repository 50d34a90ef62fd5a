"""What training does to the process around it: other threads run, an interrupt ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

from conftest import random_customers

import ziln

TRAINING = """
import polars as pl, ziln
frame = pl.DataFrame({"ltv": [0.0, 5.0, 3.0, 0.0] * 500, "visits": [1, 2, 3, 4] * 500})
frame = pl.concat([frame.with_columns(group=pl.lit(group)) for group in range(200)])
print("training", flush=True)
%s
print("done", flush=True)
"""

POLARS = 'frame.group_by("group").agg(ziln.fit_sgd("ltv", ["visits"], epochs=2000))'
DATAFUSION = """
import datafusion
ctx = datafusion.SessionContext()
ziln.register_all(ctx)
ctx.from_arrow(frame.to_arrow(), "t")
ctx.sql('SELECT "group", ziln_fit_sgd(ltv, {visits: visits}, {epochs: 2000}) FROM t GROUP BY "group"').collect()
"""


def test_other_threads_run_during_training() -> None:
    frame = random_customers(20_000, seed=9)
    done = threading.Event()

    def train() -> None:
        frame.select(ziln.fit_sgd("ltv", ["visits", "recency", "channel"], epochs=600))
        done.set()

    thread = threading.Thread(target=train)
    thread.start()
    turns = 0
    while not done.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 3  # were the lock held, the loop would not turn before the training is done


def interrupted(code: str) -> tuple[int, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINING % code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=600)
    return process.returncode, output


def test_an_interrupt_ends_training_in_polars() -> None:
    status, output = interrupted(POLARS)
    assert status != 0
    assert "done" not in output


def test_an_interrupt_ends_training_in_datafusion() -> None:
    status, output = interrupted(DATAFUSION)
    assert status != 0
    assert "done" not in output
