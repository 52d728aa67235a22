"""The file that the stack's newest run learnt from, brought to this machine."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from cli.edge import explain
from cli.kept import FOLDER
from cli.options import Opens
from cli.ports import Ports
from cli.workspace import Workspace
from heirloom.core.errors import Denied, Invalid, NotFound, Unavailable
from heirloom.core.run.retrain import newest_upload


def newest_data(opens: Opens, model: str, here: Workspace) -> tuple[Path, str]:
    """Its path, and the URI that the pipeline knows it by; fetched once. Raises Invalid where no stack has any."""
    try:
        ports = Ports(opens().hasty())
        upload = newest_upload(model, ports.lineage)
        if upload is None:
            raise NotFound(f"no run of {model} has had data yet in {ports.session.place}")
        file = here.root / FOLDER / "data" / upload.run_id / Path(upload.key).name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            with part.open("wb") as opened:
                opened.writelines(ports.objects.read(upload.location))
            part.replace(file)
        return file, upload.location.uri
    except (NotFound, Denied, Unavailable, BotoCoreError, ClientError) as error:
        raise Invalid(f"which data? {explain(error)[0]}; or name a file: --data FILE.csv") from error
