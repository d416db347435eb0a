# SPDX-License-Identifier: MIT
"""What mentiond shall reach beside its peers."""

CPU_SHARE = 1 / 8
SPEED_FACTOR = 6
NOISE = 0.15


def goal(name, what, value, target, ok):
    return {"id": name, "what": what, "value": value, "goal": target, "ok": bool(ok)}


def noisy(peers):
    """Whether the rounds that G3 and G4 stand on are too far apart."""
    return any(peers[name]["speed"]["0"]["spread"] > NOISE for name in ("mentiond", "Python, naive"))


def goals(peers):
    """peers: what was measured, by name; mentiond and the naive script are among them.  What is noisy is not reached."""
    own, calm = peers["mentiond"], not noisy(peers)
    others = {name: p for name, p in peers.items() if name != "mentiond"}
    share = own["speed"]["0"]["cpu_s_per_10k"] / peers["Python, naive"]["speed"]["0"]["cpu_s_per_10k"]
    best = max(others, key=lambda name: others[name]["speed"]["0"]["tickets_per_s"])
    factor = own["speed"]["0"]["tickets_per_s"] / others[best]["speed"]["0"]["tickets_per_s"]
    harm = sum(row["lost"] + row["doubled"] for row in own["faults"].values())
    return [
        goal("G3", "CPU per 10 000, to the naive script's", round(share, 3), f"<= {CPU_SHARE}",
             calm and share <= CPU_SHARE),
        goal("G4", f"tickets/s at 0 ms, to the best peer's: {best}", round(factor, 2), f">= {SPEED_FACTOR}",
             calm and factor >= SPEED_FACTOR),
        goal("G9", "mentions lost or doubled, all faults", harm, "== 0", harm == 0),
    ]
