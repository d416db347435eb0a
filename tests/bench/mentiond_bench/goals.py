"""Values beside their goals: a table for people, bench.json for others."""
import json
import operator
import statistics

NOISY = 0.15                     # spread of the calibration over which nothing that was timed is said to be reached
COMPARE = {"<=": operator.le, ">=": operator.ge, "=": operator.eq}


class Goals:
    def __init__(self):
        self.goals, self.figures, self.noisy = [], [], False

    def add(self, id, what, values, compare, goal, unit="", timed=False):
        """values: one of each repetition; the median counts.  timed: it hangs on how fast the machine was."""
        values = values if isinstance(values, list) else [values]
        value = statistics.median(values)
        self.goals.append({"id": id, "what": what, "value": round(value, 4), "goal": f"{compare} {round(goal, 4):g}{unit and ' ' + unit}",
                           "ok": bool(COMPARE[compare](value, goal)), "spread": round(max(values) - min(values), 4), "timed": timed})

    def skip(self, id, what, why):
        """What could not be measured is not reached."""
        self.goals.append({"id": id, "what": what, "value": None, "goal": why, "ok": False, "spread": None, "timed": False})

    def figure(self, what, values, unit=""):
        """Something to know that has no goal."""
        values = values if isinstance(values, list) else [values]
        self.figures.append((what, statistics.median(values), max(values) - min(values), unit))

    def verdict(self, goal):
        if goal["value"] is None:
            return "not measured"
        return ("noisy" if self.noisy and goal["timed"] else "ok") if goal["ok"] else "missed"

    def table(self):
        rows = [("", "what", "median", "spread", "goal", "")]
        rows += [(g["id"], g["what"], "-" if g["value"] is None else f"{g['value']:g}", "-" if g["spread"] is None else f"{g['spread']:g}",
                  g["goal"], self.verdict(g)) for g in self.goals]
        rows += [("", what, f"{round(value, 2):g}", f"{round(spread, 2):g}", unit, "") for what, value, spread, unit in self.figures]
        widths = [max(len(r[i]) for r in rows) for i in range(6)]
        return "".join("  ".join(c.rjust(w) if i in (2, 3) else c.ljust(w) for i, (c, w) in enumerate(zip(r, widths))).rstrip() + "\n"
                       for r in rows)

    def write(self, path):
        """Anew, with all of ours."""
        path.write_text(json.dumps({"goals": [{**g, "ok": self.verdict(g) == "ok"} for g in self.goals], "noisy": self.noisy,
                                    "figures": [{"what": w, "value": round(v, 4), "spread": round(s, 4), "unit": u}
                                                for w, v, s, u in self.figures]}, indent=1) + "\n")

    def write_into(self, path):
        """Beside the goals of others that are there already."""
        there = json.loads(path.read_text()) if path.exists() else {"goals": [], "noisy": False, "figures": []}
        self.write(path)
        ours = json.loads(path.read_text())
        ids, names = {g["id"] for g in ours["goals"]}, {f["what"] for f in ours["figures"]}
        both = {"goals": sorted([g for g in there["goals"] if g["id"] not in ids] + ours["goals"], key=lambda g: g["id"]),
                "noisy": there["noisy"] or ours["noisy"],
                "figures": [f for f in there["figures"] if f["what"] not in names] + ours["figures"]}
        path.write_text(json.dumps(both, indent=1) + "\n")
