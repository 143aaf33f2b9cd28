"""`osteon replay`: a week's work of three hospitals, so that there is something to watch."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import httpx
import typer

from osteon.artefact import atomic_write, read_manifest
from osteon.cli.console import answers, progress_bar, say
from osteon.cli.home import Home
from osteon.cli.services import read_addresses
from osteon.domain import FaultError, UsageError

_TIMEOUT_S = 60.0
_ANOTHER_SEED = 1000


@answers
def replay(
    home: Annotated[
        Path, typer.Option("--home", envvar="OSTEON_HOME", help="Folder of this installation.")
    ] = Path("var"),
    studies: Annotated[int, typer.Option(min=1, help="Studies of the week, all hospitals together.")] = 180,
) -> None:
    """Make new studies of the synthetic hospitals and send their pictures to the model server.

    They come from another seed than the sample, so no model learned from them. `osteon up` does this once, in
    the background.
    """
    from osteon.dicom.synthetic import make_sample

    place = Home(home.absolute())
    addresses = read_addresses(place)
    if addresses is None:
        raise UsageError("a running installation", "none in this folder", "run osteon up first")
    url = addresses.as_dict()["model_server"] + "/v1/predict"
    token = place.token.read_text(encoding="utf-8").strip()
    seed = int(read_manifest(place.sample).seed or 0) + _ANOTHER_SEED
    with progress_bar("make new studies") as progress:
        make_sample(place.week, studies, seed, workers=1, progress=progress)
    with (place.week / "truth.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with progress_bar("replay") as progress, httpx.Client(timeout=_TIMEOUT_S) as client:
        for done, row in enumerate(rows):
            response = client.post(
                url,
                headers={"Authorization": f"Bearer {token}"},
                files={"files": (place.week / row["file"]).read_bytes()},
                data={"site": row["hospital"]},
            )
            if response.status_code != httpx.codes.OK:
                raise FaultError(
                    "an answered picture", f"HTTP {response.status_code}", "read the server's log"
                )
            progress(done + 1, len(rows))
    atomic_write(place.replayed, "")
    say(f"{len(rows)} pictures replayed")
