# SPDX-License-Identifier: MIT
"""What was measured, for people."""

FIGURES = (("tickets/s at 0 ms", "0", "tickets_per_s", "{:.0f}"), ("tickets/s at 50 ms", "50", "tickets_per_s", "{:.0f}"),
           ("CPU-s per 10 000", "0", "cpu_s_per_10k", "{:.2f}"), ("RSS idle, MB", "0", "rss_idle_mb", "{:.1f}"),
           ("RSS peak, MB", "0", "rss_peak_mb", "{:.1f}"))
FAULTS = (("kill -9", "kill"), ("500s", "500"), ("hangs", "hang"))


def rows(peers):
    own = peers["mentiond"]
    yield ["", *(head for head, *_ in FIGURES), *(f"{head}: lost/doubled" for head, _ in FAULTS)]
    for name, p in peers.items():
        figures = []
        for _, latency, figure, form in FIGURES:
            value = p["speed"][latency][figure]
            ratio = "" if p is own else f" ({value / own['speed'][latency][figure]:.3g})"
            figures.append(form.format(value) + ratio)
        yield [name, *figures, *(f"{p['faults'][f]['lost']}/{p['faults'][f]['doubled']}" for _, f in FAULTS)]


def lines(peers, skipped, goals):
    table = list(rows(peers))
    # Upside down: there are fewer peers than figures.
    columns = list(zip(*table))
    widths = [max(len(row[i]) for row in columns) for i in range(len(table))]
    for row in columns:
        yield "  ".join(f"{cell:{'<' if i == 0 else '>'}{width}}" for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
    yield "(in parentheses: to mentiond)"
    for name, why in skipped.items():
        yield f"{name}: skipped: {why}"
    for g in goals:
        yield f"{'ok    ' if g['ok'] else 'NOT ok'} {g['id']}  {g['what']}: {g['value']} (goal: {g['goal']})"
