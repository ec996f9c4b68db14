"""What serves at one time: an app object and its lifespan, under a number."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fh_dash.host.asgi import ASGIApp
from fh_dash.host.lifespan import Lifespan
from fh_dash.host.variables import NONE, Variables


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """Generations that share the app object share the lifespan: it runs once for all of them."""

    number: int
    """1 for the first load, one more with each reload that was committed."""
    name: str
    """Of the attribute in the entry."""
    found: object
    """The app object in the project's module."""
    app: ASGIApp
    """The same, as ASGI 3."""
    lifespan: Lifespan
    exclusive: bool = False
    """Its start-up and shutdown use objects that the next generation's would use as well."""
    variables: Variables = NONE
    """What its modules have set when they were imported."""

    def renewed(self, app: ASGIApp, variables: Variables) -> Generation:
        """The generation after this one, with the same app object."""
        return replace(self, number=self.number + 1, app=app, variables=variables)
