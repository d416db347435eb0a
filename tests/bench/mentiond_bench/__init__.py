"""What the benchmarks share.  The daemon itself is driven by tests/e2e/mentiond_e2e."""
import os
import pathlib
import sys

os.environ.setdefault("MENTIOND_TEST_SLOW", "5")         # for what is waited for: a machine under load is no failure
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
