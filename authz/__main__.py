"""`python -m authz`: the same as the command `authz`."""

from authz.commands.main import main

main()
