"""Published tables, made again by a command each: ``python -m experiments.tables.NAME``, or all by ``make tables``."""
