"""Start `precis.run.server`: the script of its process.

The package is loaded from this file's folder, so that `sys.path` stays what Python makes of it
for any script, without the folder of the caller.
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
