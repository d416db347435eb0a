"""The daemon under valgrind's callgrind and under strace, which count and do not time.

They count a whole life, with few mentions and with many: the slope between is what one mention takes, without start and
end.  What a reply takes is what a life with few mentions takes more when each is answered."""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess

from mentiond_e2e.wait import until

from .world import World

CALLGRIND = ("valgrind", "-q", "--tool=callgrind", "--callgrind-out-file={folder}/out")
STRACE = ("strace", "-D", "-f", "-q", "-c", "-o", "{folder}/out")
TOTAL = re.compile(r"^totals: (\d+)|\stotal$", re.M)
CALLS = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", re.M)


def missing():
    return next((f"{tool} is not there: run contrib/deps test" for tool in ("valgrind", "strace") if not shutil.which(tool)), None)


def live(wrapper, n, parallel=8, keep=None, replies=0):
    """A life with n mentions and so many replies: requests, by the servers' count, and what the tool wrote."""
    with World(parallel=parallel, wrapper=wrapper) as w:
        out = w.folder / "out"
        w.show(n)
        w.wait_filed(n)
        w.settle()
        if replies:
            w.answer(replies)
        if w.judge() != {"lost": 0, "doubled": 0}:
            raise RuntimeError(f"not each mention was filed once: {w.judge()}")
        requests = w.network.counts()["network"] + w.desk.counts()["desk"]
        w.daemon.stop()
        text = until("what the tool counted", lambda: out.exists() and TOTAL.search(out.read_text()) and out.read_text())
        if keep:
            shutil.copy(out, keep)
        return requests, text


def calls(text):
    return {name: int(n) for n, name in CALLS.findall(text) if name != "total"}


def slope(each, ran_before, ran, called_before, called):
    """Between two lives, of which each tool has seen both: {"instructions": n, "syscalls": n, "requests": n, "timerfd_settime": n of each
    request}, and by system call."""
    (_, before), (_, after), (asked_before, calls_before), (asked, calls_after) = ran_before, ran, called_before, called
    was, now = calls(calls_before), calls(calls_after)
    by_call = {name: (n - was.get(name, 0)) / each for name, n in now.items()}
    return {"instructions": (int(TOTAL.search(after)[1]) - int(TOTAL.search(before)[1])) / each,
            "syscalls": sum(by_call.values()), "requests": (asked - asked_before) / each,
            "timerfd_settime": max(0, by_call.get("timerfd_settime", 0)) * each / (asked - asked_before)}, by_call


def slopes(few, many):
    """Of each mention, and of each reply: what slope() says."""
    lives = [(tool, n, replies) for tool in (CALLGRIND, STRACE) for n, replies in ((few, 0), (many, 0), (few, few))]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ran, ran_many, ran_replies, called, called_many, called_replies = pool.map(lambda life: live(*life[:2], replies=life[2]), lives)
    return slope(many - few, ran, ran_many, called, called_many), slope(few, ran, ran_replies, called, called_replies)


def annotate(profile, *options):
    p = subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=100", *options, profile], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.returncode:
        raise RuntimeError(f"callgrind_annotate: {p.stderr.strip()}")
    return p.stdout


def top(text, n):
    """The first n functions of what callgrind_annotate printed: {(name, where from): (instructions, part in %)}."""
    found = {}
    for i, part, file, name, library in re.findall(r"^ *([\d,]+) \( ?([\d.]+)%\)  (?:\?\?\?|([^:\n]*)):(.*?)(?: \[(.*)\])?$", text, re.M):
        if len(found) < n:
            found.setdefault((name, pathlib.PurePath(file or library).name), (int(i.replace(",", "")), float(part)))
    return found


def profile(n, folder):
    """Where the instructions of n mentions go: callgrind.out, and callgrind.txt for people."""
    keep = folder / "callgrind.out"
    live(CALLGRIND, n, 64, keep)
    own, inclusive = top(annotate(keep), 40), top(annotate(keep, "--inclusive=yes"), 60)
    with open(folder / "callgrind.txt", "w") as f:
        f.write(f"Instructions of mentiond with {n} mentions, its start and end among them.  For more: callgrind_annotate or\n"
                f"kcachegrind callgrind.out\n")
        for title, rows in ("With what they call (tasks have stacks of their own, so that not all is counted to its caller)", inclusive), \
                           ("By themselves", own):
            f.write(f"\n{title}\n\n" + "".join(f"{part:6.2f} %  {i:14,d}  {'#' * round(part / 2.5):40s}  {name} ({where})\n"
                                             for (name, where), (i, part) in rows.items()))
