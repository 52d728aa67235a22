"""Send a file to S3 and learn which version of the object it became: the run's id is made of it.

boto3's own `upload_file` does not say the version, so the parts are sent here.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# Parts of 8 MiB, as the AWS CLI sends them; S3 allows 10,000 parts, which is more than the largest upload needs.
PART = 8 * 1024**2
AT_ONCE = 4

Arrived = Callable[[int], None]


def send(
    s3: Any, bucket: str, key: str, file: Path, arrived: Arrived, metadata: Mapping[str, str] | None = None
) -> str:
    """Upload ``file`` and return its version id; ``arrived`` is called with the bytes of each part that is there."""
    target = {"Bucket": bucket, "Key": key}
    told: dict[str, Any] = {"ContentType": "text/csv", **({"Metadata": dict(metadata)} if metadata else {})}
    if file.stat().st_size > PART:
        return _send_parts(s3, target, told, file, arrived)
    body = file.read_bytes()
    version = s3.put_object(**target, **told, Body=body)["VersionId"]
    arrived(len(body))
    return str(version)


def _send_parts(s3: Any, target: dict[str, str], told: dict[str, Any], file: Path, arrived: Arrived) -> str:
    upload = {**target, "UploadId": s3.create_multipart_upload(**target, **told)["UploadId"]}

    def part(number: int) -> dict[str, Any]:
        with file.open("rb") as opened:
            opened.seek((number - 1) * PART)
            body = opened.read(PART)
        tag = s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]
        arrived(len(body))
        return {"PartNumber": number, "ETag": tag}

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            parts = list(pool.map(part, range(1, -(-file.stat().st_size // PART) + 1)))
        done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    except BaseException:  # Ctrl-C as well: parts that are left behind are paid for
        s3.abort_multipart_upload(**upload)
        raise
    return str(done["VersionId"])
