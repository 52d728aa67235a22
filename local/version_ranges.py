"""Give a range of an object's version, as AWS does, where MiniStack gives the whole version.

A plug-in (see local.server). A range of the newest version, asked for without its id, is MiniStack's own.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

from typing import Any

from ministack.services import s3

Answer = tuple[int, dict[str, str], bytes]
CHECKSUM = "x-amz-checksum-mode"


def install() -> None:
    """Wrap the function that answers GetObject."""
    whole = s3._get_object

    def get_object(
        bucket_name: str, key: str, headers: dict[str, str], query_params: dict[str, Any] | None = None
    ) -> Answer:
        asked = headers.get("range", "")
        if not asked or not (query_params or {}).get("versionId"):
            answer: Answer = whole(bucket_name, key, headers, query_params)
            return answer
        # A checksum would be that of the whole, and clients compare it with what they got.
        plain = {name: value for name, value in headers.items() if name != CHECKSUM}
        status, told, body = whole(bucket_name, key, plain, query_params)
        return _cut(bucket_name, key, asked, told, body) if status == 200 else (status, told, body)

    s3._get_object = get_object


def _cut(bucket_name: str, key: str, asked: str, told: dict[str, str], body: bytes) -> Answer:
    found = s3._parse_range(asked, len(body))
    if found is None:
        refused = {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}
        return 416, refused, s3._xml_body(s3._range_error_xml(bucket_name, key))
    first, last = found
    piece = body[first : last + 1]
    ranged = {"Content-Length": str(len(piece)), "Content-Range": f"bytes {first}-{last}/{len(body)}"}
    return 206, {**told, **ranged}, piece
