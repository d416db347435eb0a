"""Recorded exchanges of the real servers, replayed on what stands in for them: fakes, models, the benchmarks' server.

Those of $MENTIOND_SHARED/transcripts that are within its scope are asked in their order; status, keys and types, and the words of
refusals are compared.  What is out of scope is listed with its reason.  TAP.

What is asked is a subject: .name; .serve(Request) answers; .subset says that it may give less than the real one, .out what it does
not do, {reason: pattern of names}; and it has the methods that a replay says it needs.
"""
import json
import os
import pathlib

n = failed = 0


def ok(wrong, name):
    global n, failed
    n += 1
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {n} - {name}")
    for line in wrong:
        print("#", line)


def shape(value):
    """Types, with keys; of a list what its members have in common or severally; None where anything goes."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        merged = None
        for v in value:
            s = shape(v)
            merged = {**merged, **s} if isinstance(merged, dict) and isinstance(s, dict) else s
        return [merged]
    return None if value is None else type(value).__name__


def differences(real, fake, at, subset):
    if real is None or fake is None:
        return []
    if isinstance(real, dict) and isinstance(fake, dict):
        wrong = [f"{at}.{k} is not real" for k in fake.keys() - real.keys()]
        if not subset:
            wrong += [f"{at}.{k} is missing" for k in real.keys() - fake.keys()]
        for k in real.keys() & fake.keys():
            wrong += differences(real[k], fake[k], f"{at}.{k}", subset)
        return wrong
    if isinstance(real, list) and isinstance(fake, list):
        return differences(real[0], fake[0], at + "[]", subset)
    return [] if real == fake else [f"{at} is {fake}, and really {real}"]


def compare(real, answer, subset=False, read=lambda value: value):
    """real: the recorded response, its body under "json" or "text"; read: what the answer's json is passed through."""
    if real["status"] != answer.status:
        return [f"the status is {answer.status}, and really {real['status']}", str(answer.json)[:300], str(real["json"] or real["text"])[:300]]
    if real["json"] is None:
        said = answer.body.decode()
        return [] if answer.status >= 400 and bool(said) == bool(real["text"]) else [f"the body is {said[:200]!r}, and really {real['text']!r}"]
    given = json.loads(answer.body)
    return differences(shape(real["json"]), shape(read(given)), "", subset)


def say_left_out(what, left_out):
    print(f"# {what}: out of scope")
    for reason, names in sorted(left_out.items()):
        print(f"#   {reason}: {', '.join(names)}")


def main(replay):
    """replay(folder of the transcripts) asks all subjects."""
    shared = pathlib.Path(os.environ.get("MENTIOND_SHARED", "")) / "transcripts"
    if not os.environ.get("MENTIOND_SHARED") or not shared.is_dir():
        print("1..0 # SKIP MENTIOND_SHARED names no folder with transcripts of the real servers")
        return 0
    replay(shared)
    print(f"1..{n}")
    return 1 if failed else 0
