"""Networks whose features metrics look at."""
