"""Lines over time as SVG."""
import html
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, GAP = 860, 220, 80, 24, 56, 48, 40


def ticks(top, wanted=5):
    """Round numbers from 0 to at least the top."""
    raw = max(top, 1e-9) / wanted
    power = 10 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    return [i * step for i in range(math.ceil(top / step) + 1)] if top > 0 else [0, step]


def text(x, y, words, anchor="middle", size=12, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {more}>{html.escape(words)}</text>'


def panel(top, points, x_ticks, label, color, last, marks):
    y_ticks = ticks(max((y for _, y in points), default=0) * 1.05)
    left, right, bottom = LEFT, WIDTH - RIGHT, top + HEIGHT
    at_x = lambda x: left + (right - left) * x / x_ticks[-1]
    at_y = lambda y: bottom - HEIGHT * y / y_ticks[-1]
    out = []
    for y in y_ticks:
        out.append(f'<line x1="{left}" x2="{right}" y1="{at_y(y):.1f}" y2="{at_y(y):.1f}" stroke="#ddd"/>')
        out.append(text(left - 8, at_y(y) + 4, f"{y:g}", "end"))
    for x in x_ticks:
        out.append(f'<line x1="{at_x(x):.1f}" x2="{at_x(x):.1f}" y1="{bottom}" y2="{bottom + 5}" stroke="#333"/>')
        if last:
            out.append(text(at_x(x), bottom + 20, f"{x:g}"))
    out.append(f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#333"/>')
    line = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in points)
    out.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.8"/>')
    for x, words in marks:
        out.append(f'<line x1="{at_x(x):.1f}" x2="{at_x(x):.1f}" y1="{top}" y2="{bottom}" stroke="#777" stroke-dasharray="4 4"/>')
        out.append(text(at_x(x) + 6, top + 14, words, "start"))
    middle = top + HEIGHT / 2
    out.append(text(18, middle, label, more=f'transform="rotate(-90 18 {middle:.1f})"', size=13))
    return "".join(out)


def svg(title, x_label, panels, marks=()):
    """panels: (label with its unit, points (x, y), color), drawn below one another with one x axis; marks: (x, words)."""
    x_ticks = ticks(max((x for _, points, _ in panels for x, _ in points), default=1), 8)
    height = TOP + len(panels) * HEIGHT + (len(panels) - 1) * GAP + BOTTOM
    body = "".join(panel(TOP + i * (HEIGHT + GAP), points, x_ticks, label, color, i == len(panels) - 1, marks if i == 0 else [(x, "") for x, _ in marks])
                   for i, (label, points, color) in enumerate(panels))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="sans-serif" fill="#222"><rect width="100%" height="100%" fill="#fff"/>'
            f'{text(WIDTH / 2, 30, title, size=16)}{body}{text(WIDTH / 2, height - 10, x_label, size=13)}</svg>\n')


def rate(samples, seconds=0.5):
    """(time, done) as (time, done a second), each over about so many seconds."""
    points, last = [], samples[0] if samples else None
    for t, n in samples[1:]:
        if t - last[0] >= seconds:
            points.append(((t + last[0]) / 2, (n - last[1]) / (t - last[0])))
            last = (t, n)
    return points


def drain(samples, back):
    """Of runs.backlog()."""
    return svg(f"A backlog of {samples[-1][1]} mentions, which an outage of the helpdesk left", "seconds since the helpdesk is away", [
        ("tickets a second", rate([(t, n) for t, n, _ in samples], max(0.2, samples[-1][0] / 100)), "#1664b0"),
        ("RSS in MB", [(t, kb / 1024) for t, _, kb in samples], "#b0471a")], [(back, "it is back")])
