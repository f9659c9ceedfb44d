"""The script that starts `precis.run.server` in a child process.

It loads the package from its own location, so that `sys.path` stays as for any script and does not
contain the parent's working directory.
"""

import importlib.util
import sys
from pathlib import Path

if __name__ == "__main__":
    _folder = Path(__file__).parents[1]
    _spec = importlib.util.spec_from_file_location(
        "precis", _folder / "__init__.py", submodule_search_locations=[str(_folder)]
    )
    assert _spec
    assert _spec.loader
    sys.modules["precis"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["precis"])
    from precis.run.server import main

    main()
