"""Entry point of `python -m precis`."""

from precis.cli.main import main

main()
