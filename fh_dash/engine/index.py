"""Some of the loaded modules by what is asked about them at each save, so that not all have to be looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fh_dash.engine.record import Record


class Index:
    """Follows the records of a program. They never change, so only modules that have another one are looked at."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self.packages: dict[str, Record] = {}
        """Modules with a `__path__`."""
        self.readers: dict[str, Record] = {}
        """Modules that read files while they ran."""
        self.acting: dict[str, Record] = {}
        """Modules that did something to others."""
        self.lazy: dict[str, Record] = {}
        """Modules with functions that make a global when they are first called."""
        self._files: dict[str, list[str]] = {}
        self._places: dict[str, Path] = {}
        self._moved = False

    def follow(self, loaded: Mapping[str, Record]) -> None:
        if loaded == self._records:
            return
        before, records = self._records, dict(loaded)
        self._records = records
        for name in before.keys() - records.keys():
            self._note(name, None)
            self._moved = True
        for name in [name for name, record in records.items() if before.get(name) is not record]:
            self._note(name, records[name])
            self._moved = self._moved or self._places.get(name) != records[name].source.path

    def _note(self, name: str, record: Record | None) -> None:
        for chosen in (self.packages, self.readers, self.acting, self.lazy):
            chosen.pop(name, None)
        if record is None:
            return
        if "__path__" in vars(record.module):
            self.packages[name] = record
        if record.reads:
            self.readers[name] = record
        if record.segments:
            self.acting[name] = record
        if any(unit.makes for unit in record.source.analysis.units):
            self.lazy[name] = record

    @property
    def files(self) -> dict[str, list[str]]:
        """File (as loaded and resolved) -> names of the modules that it was loaded as."""
        places = {name: record.source.path for name, record in self._records.items()} if self._moved else self._places
        self._moved = False
        if places != self._places:
            self._places, self._files = places, {}
            for name, path in places.items():
                for form in {os.path.abspath(path), os.path.realpath(path)}:
                    self._files.setdefault(form, []).append(name)
        return self._files
