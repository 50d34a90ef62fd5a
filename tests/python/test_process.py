"""What training does to the process around it: other threads run, an interrupt is heard."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import random_customers

import ziln

TRAINING = """
import polars as pl, ziln
frame = pl.DataFrame({"ltv": [0.0, 5.0, 3.0, 0.0] * 250, "visits": [1, 2, 3, 4] * 250})
frame = pl.concat([frame.with_columns(group=pl.lit(group)) for group in range(GROUPS)])
print("training", flush=True)
%s
print("done", flush=True)
"""

POLARS = 'frame.group_by("group").agg(ziln.fit_sgd("ltv", ["visits"], epochs=EPOCHS))'
DATAFUSION = """
import datafusion
ctx = datafusion.SessionContext()
ziln.register_all(ctx)
ctx.from_arrow(frame.to_arrow(), "t")
query = 'SELECT "group", ziln_fit_sgd(ltv, {visits: visits}, {epochs: EPOCHS}) FROM t GROUP BY "group"'
ctx.sql(query.replace("EPOCHS", str(EPOCHS))).collect()
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


def start(code: str, groups: int, epochs: int) -> subprocess.Popen[str]:
    sizes = f"GROUPS, EPOCHS = {groups}, {epochs}"
    process = subprocess.Popen(
        [sys.executable, "-c", sizes + TRAINING % code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    return process


@pytest.mark.parametrize("code", [POLARS, DATAFUSION])
def test_an_interrupt_is_heard_when_training_is_over(code: str) -> None:
    # The same training, which takes some seconds: left alone it comes to its end, interrupted it does not go on.
    process = start(code, groups=200, epochs=600)
    output, errors = process.communicate(timeout=600)
    assert (process.returncode, output) == (0, "done\n"), errors
    process = start(code, groups=200, epochs=600)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    try:
        output, errors = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode != 0
    assert output == ""
    # And not an error of another kind.
    assert "KeyboardInterrupt" in errors
