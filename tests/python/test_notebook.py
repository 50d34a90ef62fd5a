"""Option ``progress`` in a notebook. `make docs` installs what this needs, and runs it."""

from __future__ import annotations

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("tqdm")

TRAINING = """
import time
import polars as pl
import ziln

frame = pl.DataFrame({"visits": [1, 2, 3, 4] * 500, "ltv": [0.0, 5.0, 3.0, 0.0] * 500})
epochs, seconds = 1000, 0.0
while seconds < 5:
    epochs, begun = 2 * epochs, time.monotonic()
    frame.select(ziln.fit_sgd("ltv", ["visits"], epochs=epochs, progress=PROGRESS))
    seconds = time.monotonic() - begun
print("over")
"""


@pytest.mark.parametrize("progress", [True, False])
def test_a_notebook_shows_a_training_that_takes_long(*, progress: bool) -> None:
    code = TRAINING.replace("PROGRESS", str(progress))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs

    def written(name: str) -> str:
        return "".join(output.text for output in outputs if output.get("name") == name)

    assert written("stdout") == "over\n"
    # A widget where ipywidgets is installed, else a line.
    widget = "application/vnd.jupyter.widget-view+json"
    drawn = "epoch" in written("stderr") or any(
        widget in output.get("data", {}) for output in outputs
    )
    assert drawn == progress
