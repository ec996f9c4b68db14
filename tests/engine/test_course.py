"""The way of a walk, known before: modules that nothing concerns are passed over, and all comes out as if they were not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fh_dash.engine import Engine
from fh_dash.engine.shortcut import Shortcut
from fh_dash.engine.underway import UnderWay

FILES = {
    "registry.py": "TABLE = {}\n",
    "base.py": "RATE = 2\ndef twice(n):\n    return n * RATE\n",
    "shop/__init__.py": "from shop import cart\n",
    "shop/cart.py": "from base import twice\nimport registry\nregistry.TABLE['cart'] = 1\n",
    "shop/till.py": "from shop.cart import twice\nKEPT = []\n",
    "tax.py": "import shop.till\nfrom base import RATE\nSHARE = RATE * 10\n",
    "late.py": "import registry\nregistry.TABLE['late'] = 2\n",
    "edited.py": "def work():\n    return 0\n",
    "circle.py": "import app\nfrom edited import work\n",
    "app.py": "import base\nimport shop\nimport tax\nimport edited\nimport circle\nimport late\n",
}
EDITS = (
    ("edited.py", "def work():\n    return 1\n"),
    ("base.py", "RATE = 3\ndef twice(n):\n    return n * RATE\n"),
    ("shop/cart.py", "import registry\nregistry.TABLE['cart'] = 5\nfrom base import twice\n"),
    ("tax.py", "from base import RATE\nSHARE = RATE * 10\n"),
    ("late.py", "# nothing\nimport registry\nregistry.TABLE['late'] = 2\n"),
    ("app.py", "import tax\nimport base\nimport edited\nimport circle\nimport late\nimport shop.till\n"),
    ("edited.py", "import shop\ndef work():\n    return 2\n"),
    ("edited.py", "import shop\ndef work():\n    return 3\n"),
)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    engine = Engine([tmp_path], "app")
    engine.install()
    yield engine
    engine.uninstall()
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]


def play(engine: Engine, root: Path) -> list[object]:
    """What each save comes to: the reports, and the order in which modules began, acted and ended."""
    story: list[object] = []
    engine.execute(engine.plan_load()).commit()
    for name, text in EDITS:
        (root / name).write_text(text)
        transaction = engine.execute(engine.plan([root / name]))
        assert transaction.error is None
        transaction.commit()
        program = engine._program
        moments = [(moment, "begins", name) for name, moment in program.starts.items()]
        moments += [(moment, "ends", name) for name, moment in program.ends.items()]
        moments += [(step.number, "acts", name) for name in program.records for step in program.segments(name)]
        story.append([(r.name, r.outcome, r.reason, r.names) for r in transaction.reports])
        story.append([what for _, *what in sorted(moments)])
    return story


def test_all_the_same(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports and order are those of a walk that looks at each module."""
    story = play(engine, tmp_path)
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", "")):
            del sys.modules[name]
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    engine.uninstall()
    monkeypatch.setattr(Shortcut, "take", lambda self, name, arrived: None)
    other = Engine([tmp_path], "app")
    other.install()
    try:
        assert story == play(other, tmp_path)
    finally:
        other.uninstall()


def test_only_what_matters_is_looked_at(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save of a module that stands at the end passes over those before it."""
    engine.execute(engine.plan_load()).commit()
    seen: list[str] = []
    monkeypatch.setattr(UnderWay, "begin", lambda self, name: seen.append(name))
    (tmp_path / "edited.py").write_text("def work():\n    return 1\n")
    engine.execute(engine.plan([tmp_path / "edited.py"])).commit()
    assert "edited" in seen
    assert {"base", "shop", "shop.cart", "shop.till", "tax"}.isdisjoint(seen)


def test_nothing_of_former_runs_is_kept(engine: Engine, tmp_path: Path) -> None:
    """The course goes on to the records in use with each commit."""
    engine.execute(engine.plan_load()).commit()
    former = engine._program.records["edited"]
    (tmp_path / "edited.py").write_text("def work():\n    return 1\n")
    engine.execute(engine.plan([tmp_path / "edited.py"])).commit()
    assert former not in engine._program.course._records.values()
    assert former not in engine._program.index._records.values()
