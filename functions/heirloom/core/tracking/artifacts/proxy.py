"""The proxy: artifacts for clients that have no access to S3, below /api/2.0/mlflow-artifacts/.

Large files don't go through it: it answers with links to S3, one for a download, one a part for an upload.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking.artifacts import folder, media, reply
from heirloom.core.tracking.artifacts.path import bad, of_file, safe
from heirloom.core.tracking.artifacts.port import Artifacts, Part
from heirloom.core.tracking.artifacts.reply import Reply, of_json
from heirloom.core.tracking.asked import Asked, missing
from heirloom.core.tracking.roles import ByRole, Role

LARGEST_BODY = 4_500_000
"""Bytes of an upload that comes here: API Gateway gives a Lambda 6 MB, of which base64 leaves three quarters."""
MOST_ENTRIES = 40_000
"""Of a folder: the answer is one, and a Lambda's may have 6 MB."""
MOST_PARTS = 2_500
"""Of an upload: a link has up to 2 KB, and all of them are one answer. With the client's usual parts that is 25 GB."""
LAST_PART = 10_000
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""
SECONDS_TO_WRITE = 3600
"""That the link of a part is good for; less where the credentials that signed it end before."""
_TOO_LARGE = (
    f"A file that goes through this server has at most {LARGEST_BODY} bytes, and this one has {{size}}. Upload it in"
    " parts: set MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE=4000000 and, for MLflow before 3.15, too,"
    " MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=true; or, with AWS credentials, use an experiment whose artifact location is"
    " an s3:// URI"
)


_NOTHING = Asked({})


@dataclass(frozen=True)
class Sent:
    """A request: ``path`` is what follows the route, percent-decoded once; ``asked`` its JSON or its query."""

    path: str = ""
    asked: Asked = _NOTHING
    body: bytes = b""


Proxied = Callable[[Sent, Artifacts], Reply]
"""Answers a request. Raises Invalid, NotFound, Denied or Unavailable."""


def list_folder(sent: Sent, artifacts: Artifacts) -> Reply:
    """GET artifacts?path=.. The names are told without the folder's: the client puts them together."""
    found = folder.gathered(safe(sent.asked.text("path")), artifacts, MOST_ENTRIES)
    if found.following:
        raise Invalid(f"The folder has more than {MOST_ENTRIES} entries: list it at {artifacts.uri}")
    files = folder.told(found.entries)
    return of_json({"files": files} if files else {})


def download(sent: Sent, artifacts: Artifacts) -> Reply:
    """GET artifacts/<path>."""
    return reply.of_file(of_file(sent.path), artifacts)


def upload(sent: Sent, artifacts: Artifacts) -> Reply:
    """PUT artifacts/<path>."""
    path, size = of_file(sent.path), len(sent.body)
    if size > LARGEST_BODY:
        message = _TOO_LARGE.format(size=size)
        return of_json({"error_code": "INVALID_PARAMETER_VALUE", "message": message}, 413)
    artifacts.write(path, sent.body, media.content_type(path))
    return of_json({})


def delete(sent: Sent, artifacts: Artifacts) -> Reply:
    """DELETE artifacts/<path>: a file or a folder, never the root."""
    path = safe(sent.path)
    if not path:
        raise bad()
    artifacts.delete(path)
    return of_json({})


def presigned(sent: Sent, artifacts: Artifacts) -> Reply:
    """GET presigned/<path>: the client reads the file there, in ranges."""
    path = of_file(sent.path)
    try:
        size = artifacts.size(path)
    except NotFound as error:
        raise reply.missing(path) from error
    return of_json({"url": reply.link(path, artifacts), "headers": {}, "file_size": size})


def create_upload(sent: Sent, artifacts: Artifacts) -> Reply:
    """POST mpu/create/<folder>: where each part is to be PUT."""
    path, count = _uploaded(sent), sent.asked.whole("num_parts")
    if not 0 < count <= MOST_PARTS:
        larger = "take larger parts with MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE" if count > 0 else "a file has one at least"
        raise Invalid(f"num_parts is from 1 to {MOST_PARTS}, not {count}: {larger}")
    begun = artifacts.begin(path, media.content_type(path))
    links = artifacts.part_links(path, begun, count, SECONDS_TO_WRITE)
    parts = [{"url": url, "part_number": number, "headers": {}} for number, url in enumerate(links, start=1)]
    return of_json({"upload_id": begun, "credentials": parts})


def complete_upload(sent: Sent, artifacts: Artifacts) -> Reply:
    """POST mpu/complete/<folder>."""
    path, begun = _uploaded(sent), sent.asked.needed("upload_id")
    parts = [_part(each) for each in sent.asked.items("parts")]
    if not parts:
        raise missing("parts")
    artifacts.complete(path, begun, sorted(parts, key=lambda part: part.number))
    return of_json({})


def abort_upload(sent: Sent, artifacts: Artifacts) -> Reply:
    """POST mpu/abort/<folder>."""
    artifacts.abort(_uploaded(sent), sent.asked.needed("upload_id"))
    return of_json({})


def _uploaded(sent: Sent) -> str:
    """The file is named by its path on the client's machine: only its name counts, whatever the machine is."""
    name = re.split(r"[/\\]", sent.asked.needed("path"))[-1]
    return of_file(f"{sent.path.rstrip('/')}/{name}" if sent.path else name)


def _part(asked: Asked) -> Part:
    number = asked.whole("part_number")
    if not 0 < number <= LAST_PART:
        raise Invalid(f"part_number is from 1 to {LAST_PART}, not {number}")
    return Part(number, asked.needed("etag"))


PROXY: ByRole[Proxied] = {
    Role.VIEWER: {
        ("GET", "artifacts"): list_folder,
        ("GET", "artifacts/"): download,
        ("GET", "presigned/"): presigned,
    },
    Role.DATA_SCIENTIST: {
        ("PUT", "artifacts/"): upload,
        ("POST", "mpu/create/"): create_upload,
        ("POST", "mpu/complete/"): complete_upload,
        ("POST", "mpu/abort/"): abort_upload,
    },
    Role.ADMIN: {
        ("DELETE", "artifacts/"): delete,
    },
}
"""By the least role, then by method and path below mlflow-artifacts/; after one that ends with a slash comes a path of
any length."""


def find(method: str, path: str) -> tuple[Proxied, Role, str] | None:
    """Who answers a path below mlflow-artifacts/, the least role that it takes, and what follows the route in the path;
    None where nobody does."""
    for least, answering in PROXY.items():
        for (its_method, route), proxied in answering.items():
            if its_method == method and (path == route or (route.endswith("/") and path.startswith(route))):
                return proxied, least, path[len(route) :]
    return None
