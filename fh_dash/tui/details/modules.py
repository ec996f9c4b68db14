"""A module in full."""

from __future__ import annotations

from fh_dash.store import units
from fh_dash.store.modules import ModuleState
from fh_dash.tui.details.document import Context, Document
from fh_dash.tui.details.parts import fields, heading
from fh_dash.tui.places import short


def describe(state: ModuleState, context: Context) -> Document:
    modules, imports = context.store.modules, context.store.imports
    lines = fields([
        ("File", (short(state.file), "text")),
        ("Last", (f"{state.outcome} at {units.clock(state.time)}" if state.time else state.outcome, "text")),
        ("Why", (state.reason, "text")),
        ("Generation", (str(state.generation) if state.generation else "", "text")),
        ("Re-run", (units.count(state.reruns, "time"), "text")),
        ("Import", (units.milliseconds(state.milliseconds), "text")),
    ])  # fmt: skip
    lines += fields([("Imported by", (", ".join(state.importers), "text"))])
    chain = modules.imported_by(state.name)
    if chain:
        lines += heading("First imported through", "nearest first")
        lines += [[("  " * i + "└ ", "muted"), (name, "text")] for i, name in enumerate(chain)]
    children = sorted((i for i in imports.done if i.parent == state.name), key=lambda i: -i.milliseconds)[:40]
    if children:
        lines += heading("Imports first made here")
        lines += [
            [(units.milliseconds(i.milliseconds).rjust(9) + "  ", "text"), (i.module, "text" if i.project else "muted")]
            for i in children
        ]
    return Document(f"Module {state.name}", lines, state.file or state.name, (state.file, 1) if state.file else None)
