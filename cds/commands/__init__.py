"""One module per command of the command line, and how each prints what it found."""
