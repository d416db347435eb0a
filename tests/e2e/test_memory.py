"""Memory that ends at some call, of mentiond's own or of any library: it ends with a word, and nothing is said in part,
wrongly or twice.  check-faults does the same at every call."""
import errno

import pytest

from mentiond_e2e import faults
from mentiond_e2e.conversation import lives

pytestmark = pytest.mark.skipif(faults.why_not() is not None, reason=faults.why_not() or "")


@pytest.mark.weight(7)
def test_memory_that_ends_at_some_moments_ends_the_process_and_nothing_is_said_in_part(directory):
    """Those of one conversation are some 14000; half of them are OpenSSL's, at the start."""
    calls = [1, 200, *range(7001, 13500, 499)]
    for outcome in lives(directory, [(faults.ALLOC, errno.ENOMEM, n, 1) for n in calls], parallel=2):
        assert not outcome.wrong, outcome
        assert outcome.came and outcome.ended
