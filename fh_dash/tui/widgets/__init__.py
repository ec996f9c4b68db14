"""One file per thing that can be seen."""
