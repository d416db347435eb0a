"""Waiting for what must come about.  MENTIOND_TEST_SLOW is a factor for all that is waited for."""
import os
import time

SLOW = float(os.environ.get("MENTIOND_TEST_SLOW", "1"))


def until(what, attempt, timeout=20, every=0.1):
    """Calls attempt() until it returns something true, and returns that.  It may raise AssertionError meanwhile."""
    end = time.monotonic() + timeout * SLOW
    why = ""
    while True:
        try:
            result = attempt()
            if result:
                return result
            why = "" if result is None or result is False else f" (last: {result!r})"
        except AssertionError as e:
            why = f" ({e})"
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout * SLOW:.0f} s in vain for {what}{why}")
        time.sleep(every)
