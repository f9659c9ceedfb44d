"""Each English page, on a desk in `make test`."""

from visits import TestVisit, visits

__all__ = ["TestVisit"]

visit = visits("en")
visit_with_axe = visits("en", only_with_axe=True)
