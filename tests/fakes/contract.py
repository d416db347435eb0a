"""A vendor's OpenAPI description, and what in a request is not in it: paths, methods, parameters, members of bodies."""
import json
import re

import jsonschema


class Contract:
    def __init__(self, path):
        self.spec = json.loads(path.read_text())
        self.paths = []
        for template, item in self.spec["paths"].items():
            for method, operation in item.items():
                if method in ("get", "post", "put", "patch", "delete"):
                    pattern = re.compile(re.sub(r"\\{[^}]*\\}", "([^/]+)", re.escape(template)))
                    parameters = [self.followed(p) for p in [*item.get("parameters", ()), *operation.get("parameters", ())]]
                    self.paths.append((template.count("{"), pattern, re.findall(r"{([^}]*)}", template), method.upper(), operation, parameters))
        self.paths.sort(key=lambda p: p[0])      # what is named, before what is any
        self.resolver = jsonschema.RefResolver.from_schema(self.spec)

    def followed(self, o):
        while "$ref" in o:
            at = self.spec
            for name in o["$ref"][2:].split("/"):
                at = at[name]
            o = at
        return o

    def wrong_with(self, value, schema):
        schema = self.followed(schema)
        return [e.message[:200] for e in jsonschema.Draft4Validator(schema, resolver=self.resolver).iter_errors(value)]

    def value_of(self, text, schema):
        """What a text of a query or a form stands for."""
        schema = self.followed(schema)
        if schema.get("type") == "array":
            return [self.value_of(t, schema["items"]) for t in text.split(",")]
        if schema.get("type") == "integer":
            return int(text) if re.fullmatch(r"-?\d+", text) else text
        return {"true": True, "false": False}.get(text, text) if schema.get("type") == "boolean" else text

    def problems(self, q, form=None):
        """form: of a multipart body, {name: text, or bytes of a file}."""
        for _, pattern, names, method, operation, parameters in self.paths:
            m = pattern.fullmatch(q.path)
            if m and method == q.method:
                break
        else:
            return [f"{q.method} {q.path} is not in the contract"]
        found = []
        values = {("path", n): v for n, v in zip(names, m.groups())} | {("query", n): v for n, v in q.query.items()}
        found += [f"{n} stands there {len(v)} times" for n, v in q.lists.items() if len(v) > 1]
        known = {(p["in"], p["name"]): p for p in parameters}
        for at, value in values.items():
            if at not in known:
                found.append(f"there is no parameter {at[1]}")
            else:
                schema = known[at]["schema"]
                found += [f"{at[1]}: {w}" for w in self.wrong_with(self.value_of(value, schema), schema)]
        found += [f"{n} is missing" for (where, n), p in known.items() if p.get("required") and where in ("path", "query") and (where, n) not in values]
        bodies = self.followed(operation.get("requestBody", {})).get("content", {})
        if q.body and q.content_type not in bodies:
            found.append(f"no body of type {q.content_type} is wanted")
        elif q.body:
            schema = self.followed(bodies[q.content_type]["schema"])
            body = q.json if form is None else {n: v if isinstance(v, str) else "" for n, v in form.items()}
            found += [f"body: {w}" for w in self.wrong_with(body, schema)]
            found += [f"body: there is no member {n}" for n in set(body) - self.members(schema)]
        elif any(self.followed(b["schema"]).get("required") for b in bodies.values()):
            found.append("the body is missing")
        return [f"{q.method} {q.path}: {w}" for w in found]

    def members(self, schema):
        schema = self.followed(schema)
        return set(schema.get("properties", ())).union(*(self.members(s) for how in ("allOf", "anyOf", "oneOf") for s in schema.get(how, ())))
