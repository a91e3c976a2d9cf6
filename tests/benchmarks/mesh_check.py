"""The work of value and gradient over devices, printed as JSON: ``python -m tests.benchmarks.mesh_check SAMPLES DEVICES ...``."""

import json
import sys

from benchmarks.mesh import work

if __name__ == "__main__":
    samples, *devices = map(int, sys.argv[1:])
    print(json.dumps([work(samples, samples, count) for count in devices]))
