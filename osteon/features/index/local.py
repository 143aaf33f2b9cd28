"""An index in one folder: SQLite holds the truth, and vector files made from it make searches fast.

A search sees what is committed, whichever vector files exist: entries that no file has yet are compared one
by one, and entries that are gone fall out. So a process may be killed at any moment; `publish` goes on later.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from osteon.database import scrub
from osteon.domain import EmbeddingSpace, FaultError, UsageError, require_same_space
from osteon.features.index.catalogue import Catalogue, State
from osteon.features.index.entry import Hit, IndexEntry, Kind, SearchFilter, require_unit_norm
from osteon.features.index.reader import Reader
from osteon.features.index.snapshot import Snapshot
from osteon.features.index.view import View

_CANDIDATES = 3  # for each wanted hit: quantised scores order these, exact ones choose among them
_PAGE_BYTES = 16_384


class LocalIndex:
    """Several processes may read while one writes; each read sees whole states only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        _make_database(self.folder / "index.db")
        self.catalogue = Catalogue(f"sqlite:///{self.folder / 'index.db'}")
        self.snapshot = Snapshot(self.folder, self.catalogue)
        self._reader = Reader(self.folder / "index.db")
        self._views: dict[Kind, tuple[View, set[tuple[int, int, str]]]] = {}
        self._lock = threading.Lock()

    def state(self) -> State | None:
        """Space and change counters; None while nothing was ever added."""
        return self.catalogue.state()

    def add(self, entries: Sequence[IndexEntry], space: EmbeddingSpace) -> int:
        """Write the entries that are not there yet, all or none; found from then on. How many were new."""
        with self._writing():
            return self.catalogue.add(entries, space)

    def publish(self, *, anew: bool = False) -> None:
        """Bring the vector files up to date with the catalogue; `anew` makes them from it alone."""
        with self._writing():
            self.snapshot.publish(anew=anew)

    def delete_subject(self, subject: str) -> int:
        """Remove a patient from the catalogue and every file; how many entries went.

        From the first commit on no search gives them. Killed after it, the next call finishes the files.

        Raises:
            FaultError: a reader holds the database so that old pages cannot be overwritten now.
        """
        with self._writing():
            removed = self.catalogue.delete_subject(subject)
            self.snapshot.publish()
            scrub(self.catalogue.engine)
        return removed

    def search(self, kind: Kind, query_D: NDArray[np.float32], k: int, narrow: SearchFilter) -> list[Hit]:
        """The k entries of a kind nearest to a unit-norm vector, best first, by their exact cosine.

        Raises:
            FaultError: the database cannot be read now.
        """
        if k < 1:
            raise UsageError("at least one result", f"{k}", "ask for 1 or more")
        require_unit_norm(query_D[None])
        try:
            return self._search(kind, query_D, k, narrow)
        except (sqlite3.Error, SQLAlchemyError):
            raise FaultError(
                "to read the index", "a database that cannot be read now", "search again later"
            ) from None

    def _search(self, kind: Kind, query_D: NDArray[np.float32], k: int, narrow: SearchFilter) -> list[Hit]:
        view = self._fresh(kind)
        if view is None:
            return []
        require_same_space(str(len(query_D)), str(view.state.space.dimensions))
        own = self._reader.own(narrow.not_subject, narrow.not_inputs)
        candidates = view.candidates(query_D, _CANDIDATES * k + len(own), narrow)
        return self._reader.scored([each for each in candidates if each not in own], query_D, k)

    def _fresh(self, kind: Kind) -> View | None:
        """The view of what is committed now; None while nothing was ever added."""
        stamp = (*self._reader.version(), self.snapshot.manifest_stamp())
        view, seen = self._views.get(kind, (None, set()))
        if stamp in seen:
            return view
        with self._lock:
            state = self.catalogue.state()
            if state is None:
                return None
            view, seen = self._views.get(kind, (None, set()))
            published = self.snapshot.manifest_stamp()
            if view is None or (view.state, view.published) != (state, published):
                view, seen = (
                    View.load(self.catalogue, self.snapshot, kind, state, published, before=view),
                    set(),
                )
            # Read before the state was: a commit in between gives another stamp next time.
            self._views[kind] = (view, {*seen, stamp} if stamp[-1] == published else seen)
        return view

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time; the lock goes with its process."""
        with (self.folder / "index.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _make_database(path: Path) -> None:
    """An empty file whose pages hold several embeddings: one of 512 numbers fills half a page otherwise."""
    if not path.exists():
        connection = sqlite3.connect(path, timeout=30)
        connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
