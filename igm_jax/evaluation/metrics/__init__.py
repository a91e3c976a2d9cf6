"""Numbers for how good samples are, with keyword-only ``real=`` and ``fake=``."""
