"""`python -m precis`: the command."""

from precis.cli.main import main

main()
