"""Write the CDNOW purchases, as `ziln.datasets.cdnow` reads them, to a Parquet file.

python scripts/cdnow_to_parquet.py data/cdnow.parquet
"""

import argparse
from pathlib import Path

from ziln.datasets import cdnow


def main() -> None:
    """Parse the arguments and write the file."""
    parser = argparse.ArgumentParser(description="Write the CDNOW purchases to a Parquet file.")
    parser.add_argument("output", type=Path, help="where to write, for example data/cdnow.parquet")
    output: Path = parser.parse_args().output

    purchases = cdnow()
    output.parent.mkdir(parents=True, exist_ok=True)
    purchases.write_parquet(output)
    customers = purchases["id"].n_unique()
    print(f"{output}: {purchases.height:,} purchases of {customers:,} customers")


if __name__ == "__main__":
    main()
