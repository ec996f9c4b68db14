"""What all tests share."""

from __future__ import annotations

import os
import signal
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

# `nohup` and shells that start a job in the background have these ignored, which is inherited by what the tests start.
for _signal, _default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, _default)
