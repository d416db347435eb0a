"""Whether requests are as a vendor's OpenAPI description has them: path, method, names and values in the query, body.

A description is read in place, from the folder that MENTIOND_SHARED names.
"""
import json
import os
import pathlib
import re

try:
    import jsonschema
except ImportError:
    jsonschema = None


def folder():
    """Where the vendors' descriptions are, or None."""
    shared = pathlib.Path(os.environ.get("MENTIOND_SHARED", "/nowhere")) / "contracts"
    return shared if shared.is_dir() else None


def why_not():
    if not folder():
        return "MENTIOND_SHARED names no folder with contracts"
    return None if jsonschema else "python3-jsonschema is not there: run contrib/deps test"


class Contract:
    """everywhere: names that each query may have, though the description tells of them in some places only."""

    def __init__(self, name, everywhere=()):
        self.doc = json.loads((folder() / name / "openapi.json").read_text())
        self.everywhere = set(everywhere)
        self.paths = [(re.split(r"[{}]", path)[1::2], re.compile(re.sub(r"\{[^}]*\}", "([^/]+)", path)), item, path) for path, item in self.doc["paths"].items()]
        self.paths.sort(key=lambda p: len(p[0]))         # what is named literally first

    def valid(self, value, schema, where):
        schema = {**schema, "components": self.doc["components"]}
        return [f"{where}: {e.message}" for e in jsonschema.Draft4Validator(schema).iter_errors(value)]

    def find(self, method, path):
        """Of those with this method the first whose literal parts fit."""
        for names, pattern, item, template in self.paths:
            fits = pattern.fullmatch(path)
            if fits and method.lower() in item:
                return dict(zip(names, fits.groups())), item[method.lower()], item.get("parameters", []), template
        return None

    def faults(self, q):
        """What is wrong with a request (server.Request)."""
        found = self.find(q.method, q.path)
        if not found:
            return [f"{q.method} {q.path} is not described"]
        inside, operation, common, template = found
        what = f"{q.method} {template}"
        parameters = {(p["in"], p["name"]): p for p in [*common, *operation.get("parameters", [])] if "name" in p}
        wrong = []
        for name, value in inside.items():
            wrong += self.valid(value, parameters[("path", name)].get("schema", {}), f"{what}: {name}")
        for name, value in q.query.items():
            p = parameters.get(("query", name))
            if not p and name not in self.everywhere:
                wrong.append(f"{what}: the query has an unknown {name}")
            elif p:
                number = p["schema"].get("type") == "integer" and value.lstrip("-").isdigit()
                wrong += self.valid(int(value) if number else value, p["schema"], f"{what}: {name}")
        wrong += [f"{what}: the query lacks {name}" for (place, name), p in parameters.items() if place == "query" and p.get("required") and name not in q.query]
        content = operation.get("requestBody", {}).get("content", {})
        if q.body and q.content_type not in content:
            wrong.append(f"{what}: a body of type {q.content_type} is not described")
        elif q.body and q.json is not None:
            wrong += self.valid(q.json, content[q.content_type]["schema"], f"{what}: body")
        elif not q.body and operation.get("requestBody", {}).get("required"):
            wrong.append(f"{what}: the body is missing")
        return wrong
