"""What the kernel says of a process."""
import pathlib
import re


def threads(pid):
    return pathlib.Path(f"/proc/{pid}/task").iterdir()


def cpu_usec(pid):
    """CPU time of all its threads, to the nanosecond; /proc/PID/stat has ticks of 10 ms."""
    return sum(int((t / "schedstat").read_text().split()[0]) for t in threads(pid)) / 1e3


def rss_kb(pid):
    return int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1))


def wakeups(pid):
    """How often its threads have waited for something."""
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (t / "status").read_text(), re.M).group(1)) for t in threads(pid))
