"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Commands that the tests start find this tree, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
for _name in [n for n in os.environ if n.startswith(("FH_DASH_", "UVICORN_"))] + [
    "PORT",
    "PROCS",
    "NO_COLOR",
]:
    os.environ.pop(_name, None)
