"""Each French page, on a telephone in `make test`."""

from visits import TestVisit, visits

__all__ = ["TestVisit"]

visit = visits("fr")
visit_with_axe = visits("fr", only_with_axe=True)
