"""Scoring streams: the memory of a process does not grow with the rows that it scores."""

import subprocess
import sys

SCRIPT = """
import resource, sys
import datafusion, ziln

ctx = datafusion.SessionContext()
ziln.register_all(ctx)
rows = int(sys.argv[1])
query = f'''
    SELECT ziln_expected_ltv(value % 7 - 3, value % 5, 0.5) AS ltv, ziln_loss(value % 11, value % 7 - 3, 2, 0.5) AS loss
    FROM range(0, {rows})
'''
seen = sum(batch.to_pyarrow().num_rows for batch in ctx.sql(query).execute_stream())
assert seen == rows, seen
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

MEBIBYTE_IN_KIBIBYTES = 1024


def peak_kibibytes(rows: int) -> int:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(rows)], capture_output=True, text=True, check=True
    )
    return int(run.stdout)


def test_ten_million_rows_take_the_memory_of_one_million() -> None:
    growth = peak_kibibytes(10_000_000) - peak_kibibytes(1_000_000)
    # The result alone would be 144 MiB larger.
    assert growth < 48 * MEBIBYTE_IN_KIBIBYTES
