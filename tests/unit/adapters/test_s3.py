"""What of S3's rules the embedded AWS does not hold one to."""

from __future__ import annotations

import pytest

from heirloom.adapters.s3 import grouped
from heirloom.core.storage import Location, Stored

MIB = 2**20


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], [[]]),
        ([0, 0], [[]]),
        ([1, 2], [[1, 2]]),
        ([5 * MIB, 6 * MIB, 1], [[5 * MIB], [6 * MIB], [1]]),
        ([1, 5 * MIB, 5 * MIB, 0], [[1, 5 * MIB], [5 * MIB]]),
        ([4 * MIB, 4 * MIB, 4 * MIB], [[4 * MIB, 4 * MIB], [4 * MIB]]),
    ],
)
def test_every_part_of_a_multipart_upload_but_the_last_has_5_mib(sizes: list[int], expected: list[list[int]]) -> None:
    pieces = [Stored(Location("bucket", str(place)), "", size) for place, size in enumerate(sizes)]

    assert [[piece.size for piece in group] for group in grouped(pieces)] == expected
