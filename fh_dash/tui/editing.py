"""Opening the editor: graphical ones beside the dashboard, the others in its place."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from fh_dash.tui.editor import Command, command
from fh_dash.tui.places import place

if TYPE_CHECKING:
    from fh_dash.tui.actions import Actions


def open_editor(app: Actions, file: str, line: int) -> None:
    if not os.path.isfile(file):
        return app.say(f"{place(file)} is not there any more", "error")
    found = command(file, line)
    if found is None:
        return app.say(f"no editor known: set $VISUAL or $EDITOR ({place(file, line)})", "muted")
    try:
        (_in_place if found.terminal else _beside)(app, found)
    except OSError as error:
        app.say(f"{found.arguments[0]}: {error.strerror}", "error")
    except SuspendNotSupported:
        app.say("this terminal cannot be lent to an editor", "error")
    return None


def _in_place(app: Actions, found: Command) -> None:
    with app.hold.stepped_aside():
        subprocess.run(found.arguments, check=False)


def _beside(app: Actions, found: Command) -> None:
    process = subprocess.Popen(
        found.arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Somebody has to wait for it, or it stays as a zombie.
    threading.Thread(target=process.wait, name="fh-dash-editor", daemon=True).start()
    app.say(f"opened in {os.path.basename(found.arguments[0])}", "muted")
