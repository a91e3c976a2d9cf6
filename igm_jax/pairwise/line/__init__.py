"""One dimension: sorting, and the divergences that sorting solves."""
