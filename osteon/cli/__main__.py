"""`python -m osteon.cli` is `osteon`."""

from osteon.cli.main import main

main()
