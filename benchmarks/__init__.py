"""How fast the distances are, and how much memory they take: beside every installed peer, and beside what the machine can do.

``python -m benchmarks.run`` measures, ``python -m benchmarks.plan`` tells what a run will take before it is started.
"""
