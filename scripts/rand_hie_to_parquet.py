"""Write the RAND HIE person-years, as `ziln.datasets.rand_hie` reads them, to a Parquet file.

python scripts/rand_hie_to_parquet.py data/rand_hie.parquet
"""

import argparse
from pathlib import Path

from ziln.datasets import rand_hie


def main() -> None:
    """Parse the arguments and write the file."""
    parser = argparse.ArgumentParser(
        description="Write the RAND HIE person-years to a Parquet file."
    )
    parser.add_argument(
        "output", type=Path, help="where to write, for example data/rand_hie.parquet"
    )
    output: Path = parser.parse_args().output

    years = rand_hie()
    output.parent.mkdir(parents=True, exist_ok=True)
    years.write_parquet(output)
    people = years["zper"].n_unique()
    print(f"{output}: {years.height:,} years of {people:,} people")


if __name__ == "__main__":
    main()
