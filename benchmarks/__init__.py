"""Measurements that anyone can run again: `make bench`."""

import os

# One thread, as in the examination's workers, set before numpy is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
