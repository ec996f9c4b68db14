"""After a bad save the next good one heals, wherever the fault was; taking the fault back heals too."""

from __future__ import annotations

import pytest

from tests.engine.shop import EDITED, SHAPES, SHOP
from tests.support.picture import Picture
from tests.support.project import Project

#     app ──> left ──> base
#      └────> right ──> base
TREE = {
    "app.py": "import left, right\nX = left.X, right.X\n",
    "left.py": "from base import B\nX = B * 10\n",
    "right.py": "from base import B\nX = B * 100\n",
    "base.py": "B = 1\n",
}
FAULTS = {
    "syntax": "X = (\n",
    "raises": "X = 1 / 0\n",
    "exits": "raise SystemExit\n",
    "no such name": "from base import NOTHING as X\n",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
class TestAnyFault:
    def test_mended(self, project: Project, fault: str) -> None:
        """The same file, mended in another way."""
        project.load(TREE)
        project.bad_save({"left.py": fault})
        assert project.save({"left.py": "X = 5\n"}).told == [
            "left re-run: modified",
            "app re-run: uses X of left at import time, line 2",
        ]
        project.expect("app.X", (5, 100))

    def test_good_edit_elsewhere_first(self, project: Project, fault: str) -> None:
        """A good edit of another file waits with the bad one, and both are taken in when the bad one is mended."""
        project.load(TREE)
        project.bad_save({"left.py": fault})
        project.bad_save({"right.py": "X = 7\n"})
        assert project["app"].X == (10, 100)
        project.save({"left.py": "X = 5\n"})
        project.expect("app.X", (5, 7))

    def test_taken_back(self, project: Project, fault: str) -> None:
        """The old content is back: there is something to tell, nothing to run."""
        project.load(TREE)
        picture = Picture(project)
        project.bad_save({"left.py": fault})
        saved = project.save({"left.py": TREE["left.py"]})
        assert not saved.plan.empty
        assert saved.transaction is not None
        assert (saved.told, saved.result.ok) == ([], True)
        assert not picture.changes()
        assert project.try_save({"left.py": TREE["left.py"]}).plan.empty

    def test_taken_back_with_an_edit_elsewhere(self, project: Project, fault: str) -> None:
        """The fault is taken back, the good edit of another file that came meanwhile is taken in."""
        project.load(TREE)
        project.bad_save({"left.py": fault})
        project.bad_save({"right.py": "X = 7\n"})
        assert project.save({"left.py": TREE["left.py"]}).told[0] == "right re-run: modified"
        project.expect("app.X", (10, 7))

    def test_several_attempts(self, project: Project, fault: str) -> None:
        """Bad saves in a row, in several files, are all healed by the last good one."""
        project.load(TREE)
        project.bad_save({"left.py": fault})
        project.bad_save({"right.py": fault})
        project.bad_save({"left.py": "X = 5\n"})
        project.bad_save({"base.py": "B = 2\n"})
        project.save({"right.py": "from base import B\nX = B\n"})
        project.expect("app.X", (5, 2))

    def test_comment_after_it(self, project: Project, fault: str) -> None:
        """A save that only adds a comment elsewhere does not heal what is still broken."""
        project.load(TREE)
        project.bad_save({"left.py": fault})
        project.bad_save({"right.py": "# a comment\n" + TREE["right.py"]})
        project.save({"left.py": TREE["left.py"]})
        project.expect("app.X", (10, 100))


class TestFaultElsewhere:
    def test_name_is_added(self, project: Project) -> None:
        """The user of a new name was saved before the module that gets it."""
        project.load(TREE)
        project.bad_save({"left.py": "from base import B, NEW\nX = B * NEW\n"})
        assert project.save({"base.py": "B = 1\nNEW = 3\n"}).told[:2] == [
            "base re-run: modified",
            "left re-run: modified",
        ]
        project.expect("app.X", (3, 100))

    def test_module_is_added(self, project: Project) -> None:
        """The importer of a new module was saved before the module."""
        project.load(TREE)
        project.bad_save({"left.py": "import extra\nX = extra.X\n"})
        project.save({"extra.py": "X = 3\n"})
        project.expect("app.X", (3, 100))

    def test_module_comes_back(self, project: Project) -> None:
        """A module was deleted and is there again, with other contents."""
        project.load(TREE)
        project.bad_save({"base.py": None})
        project.save({"base.py": "B = 2\n"})
        project.expect("app.X", (20, 200))

    def test_dependent_fails(self, project: Project) -> None:
        """A good edit whose effect a user does not stand: mended in the user."""
        project.load({**TREE, "left.py": "from base import B\nassert B == 1\nX = B\n"})
        saved = project.bad_save({"base.py": "B = 2\n"})
        assert saved.result.error is not None
        assert (saved.result.error.file, saved.result.error.line) == (str(project.root / "left.py"), 2)
        assert project["base"].B == 1
        project.save({"left.py": "from base import B\nassert B == 2\nX = B\n"})
        project.expect("app.X", (2, 200))

    def test_new_module_is_broken(self, project: Project) -> None:
        """A module that is imported for the first time fails; it is tried again when it is mended."""
        project.load(TREE)
        project.bad_save({"left.py": "import extra\nX = extra.X\n", "extra.py": "X = 1 / 0\n"})
        assert "extra" not in project.modules()
        project.save({"extra.py": "X = 4\n"})
        project.expect("app.X", (4, 100))

    def test_reported_where_it_is(self, project: Project) -> None:
        """A save of a good file reports the fault of the file that is still broken."""
        project.load(TREE)
        project.bad_save({"left.py": "X = 1\nX = (\n"})
        error = project.bad_save({"right.py": "X = 7\n"}).result.error
        assert error is not None
        assert (error.type, error.file, error.line) == ("SyntaxError", str(project.root / "left.py"), 2)


class TestIrrelevant:
    @pytest.mark.parametrize("name", ["notes.txt", "app.db", "static/style.css"])
    def test_not_tried_again(self, project: Project, name: str) -> None:
        """A file that has nothing to do with it is no reason to run the broken code once more."""
        project.load(TREE)
        project.bad_save({"left.py": "import base\nX = 1 / 0\n"})
        assert project.try_save({name: "x = 1\n"}).plan.empty
        assert project.runs("left") == 2
        project.save({"left.py": "X = 5\n"})
        project.expect("app.X", (5, 100))


class TestFailedStart:
    def test_next_save(self, project: Project) -> None:
        """A save whose app did not start is part of the next one."""
        project.load(TREE)
        project.failed_start({"left.py": "X = 5\n"})
        assert project["app"].X == (10, 100)
        project.save({"right.py": "X = 7\n"})
        project.expect("app.X", (5, 7))

    def test_taken_back(self, project: Project) -> None:
        """Saving the old content heals."""
        project.load(TREE)
        project.failed_start({"left.py": "X = 5\n"})
        saved = project.save({"left.py": TREE["left.py"]})
        assert not saved.plan.empty
        assert saved.told == []
        project.expect("app.X", (10, 100))

    def test_as_new_after_it(self, project: Project) -> None:
        """After bad saves of all kinds a good one has exactly the effect that it has without them."""
        project.load(SHOP)
        project.bad_save({"shapes.py": EDITED + "1 / 0\n"})
        project.bad_save({"shapes.py": "(\n"})
        project.failed_start({"shapes.py": SHAPES + "\nX = 1\n"})
        project.save({"shapes.py": EDITED})
        for expression in (
            "base.TABLE",
            "base.BY_KIND",
            "base.ORDERED",
            "base.QUEUE",
            "base.NAMES",
            "base.Shape.known",
        ):
            with project.restarted():
                fresh = [repr(part) for part in project.value(f"app.{expression}")]
            assert [repr(part) for part in project.value(f"app.{expression}")] == fresh
        project.expect("(app.base.MODE, app.base.Shape.colour, app.base.register.calls)", ("more shapes", "blue", 2))


class TestForced:
    def test_after_a_bad_save(self, project: Project) -> None:
        """A reload of everything after a bad save fails as that did, and heals when it is mended."""
        project.load(TREE)
        project.bad_save({"left.py": "X = 1 / 0\n"})
        assert project.try_save({}, force=True).error is not None
        assert project["app"].X == (10, 100)
        project.write({"left.py": "X = 2\n"})
        project.save({}, force=True)
        project.expect("app.X", (2, 100))
