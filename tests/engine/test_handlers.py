"""Which start-up code uses objects that a second start would find in use."""

from __future__ import annotations

import pytest

from tests.support.project import Project

DB = """
    class Database:
        def connect(self): ...
        def disconnect(self): ...

    db = Database()
    EVENTS = []
    URL = "sqlite://"

    def open_all():
        db.connect()
    """
HEAD = """
from contextlib import asynccontextmanager
import db as database
from db import EVENTS, URL, db, open_all

client = None

"""
CASES = {
    "what it makes itself": ("client = URL; app.state.client = client; yield", False),
    "an object of another module": ("db.connect(); yield; db.disconnect()", True),
    "the same by its module": ("database.db.connect(); yield", True),
    "an attribute of another module": ("database.client = 1; yield; database.client = None", True),
    "a function that uses an object": ("open_all(); yield", True),
    "a list that it adds to": ('EVENTS.append("up"); yield; EVENTS.append("down")', False),
    "a list that it empties": ("yield; EVENTS.clear()", True),
    "a global of its own": ("global client; client = object(); yield; client.close()", True),
    "nothing": ("yield", False),
}


@pytest.mark.parametrize(("body", "shared"), CASES.values(), ids=CASES)
def test_lifespan(project: Project, body: str, shared: bool) -> None:
    lifespan = f"@asynccontextmanager\nasync def lifespan(app):\n    {body}\n"
    project.load({"app.py": HEAD + lifespan, "db.py": DB})
    assert project.engine.use_objects([project["app"].lifespan]) is shared


def test_methods_of_an_object(project: Project) -> None:
    """`on_startup=[db.connect]`; what is no code is nothing."""
    project.load({"app.py": HEAD, "db.py": DB})
    db = project["db"].db
    assert project.engine.use_objects([db.connect])
    assert not project.engine.use_objects([None, print, object()])
