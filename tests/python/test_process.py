"""What training does to the process around it: other threads run, an interrupt ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
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
try:
    try:
%s
        print("done", flush=True)
    except Exception as error:
        # Where the engine trained on another thread, Python hears of the signal as soon as it runs anything.
        assert "ziln_fit_sgd: interrupted" in str(error)
except KeyboardInterrupt:
    print("interrupted", flush=True)
models = frame.head(10).select(ziln.fit_sgd("ltv", ["visits"], epochs=1))
print(models.height, "model", flush=True)
"""

DATAFUSION = """
import datafusion
ctx = datafusion.SessionContext()
ziln.register_all(ctx)
ctx.from_arrow(frame.to_arrow(), "t")
query = 'SELECT ziln_fit_sgd(ltv, {visits: visits}, {epochs: EPOCHS}) FROM t'
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
        [sys.executable, "-c", sizes + TRAINING % textwrap.indent(code.strip(), " " * 8)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    return process


CALLS = {
    "Polars, a group": 'frame.select(ziln.fit_sgd("ltv", ["visits"], epochs=EPOCHS))',
    "Polars, groups": 'frame.group_by("group").agg(ziln.fit_sgd("ltv", ["visits"], epochs=EPOCHS))',
    "Polars, lazy": 'frame.lazy().select(ziln.fit_sgd("ltv", ["visits"], epochs=EPOCHS)).collect()',
    "Polars, a network": """frame.select(
    ziln.fit_sgd("ltv", ["visits"], epochs=EPOCHS, hidden=[8], validation_fraction=0)
)""",
    "DataFusion, a group": DATAFUSION,
    "DataFusion, groups": DATAFUSION.replace(" FROM t", ' FROM t GROUP BY "group"'),
}


@pytest.mark.skipif(sys.platform == "win32", reason="the signal is heard on Unix")
@pytest.mark.parametrize("code", CALLS.values(), ids=CALLS.keys())
def test_an_interrupt_ends_the_training_and_not_the_session(code: str) -> None:
    # Left alone, the training takes hours.
    process = start(code, groups=8, epochs=1_000_000)
    time.sleep(1.0)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, output) == (0, "interrupted\n1 model\n"), errors


@pytest.mark.parametrize("code", [CALLS["Polars, groups"], CALLS["DataFusion, groups"]])
def test_what_nobody_interrupts_comes_to_its_end(code: str) -> None:
    output, errors = start(code, groups=2, epochs=5).communicate(timeout=60)
    assert output == "done\n1 model\n", errors
