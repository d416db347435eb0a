"""The AT Protocol's own description of its requests (lexicons): what of a request or an answer is not as it says."""
import json
import pathlib


class Lexicons:
    def __init__(self, folder):
        self.docs = {d["id"]: d["defs"] for d in (json.loads(f.read_text()) for f in pathlib.Path(folder).rglob("*.json"))}

    def find(self, ref, home):
        doc, _, name = ref.partition("#")
        return self.docs.get(doc or home, {}).get(name or "main"), doc or home

    def wrong(self, schema, value, home, at="$"):
        """Sentences."""
        kind = schema["type"]
        if kind == "ref":
            found, home = self.find(schema["ref"], home)
            return self.wrong(found, value, home, at)
        if kind == "union":
            name = value.get("$type") if isinstance(value, dict) else None
            if not name:
                return [f"{at} has no $type"]
            found, there = self.find(name, home)
            known = any(name == (r if not r.startswith("#") else home + r).removesuffix("#main") for r in schema["refs"])
            if not known:
                return [f"{at} is {name}"] if schema.get("closed") else []
            return self.wrong(found, value, there, at)
        if kind == "record":
            return self.wrong(schema["record"], value, home, at)
        if kind in ("object", "params"):
            if not isinstance(value, dict):
                return [f"{at} is no object"]
            given = {k for k, v in value.items() if v is not None or k in schema.get("nullable", [])}
            out = [f"{at}.{k} is missing" for k in schema.get("required", []) if k not in given]
            for k, v in value.items():
                if k in schema["properties"] and not (v is None and k in schema.get("nullable", [])):
                    out += self.wrong(schema["properties"][k], v, home, f"{at}.{k}")
                elif k not in schema["properties"] and k != "$type":
                    out.append(f"{at}.{k} is unknown")
            return out
        if kind == "array":
            if not isinstance(value, list):
                return [f"{at} is no array"]
            out = [f"{at} has {len(value)} members"] if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1 << 30) else []
            return out + [w for i, v in enumerate(value) for w in self.wrong(schema["items"], v, home, f"{at}[{i}]")]
        if kind == "unknown":            # a record says itself what it is
            name = value.get("$type") if isinstance(value, dict) else None
            found, there = self.find(name, home) if name else (None, home)
            return self.wrong(found, value, there, at) if found else []
        if kind == "blob":
            good = isinstance(value, dict) and value.get("$type") == "blob" and {"ref", "mimeType", "size"} <= value.keys()
            return [] if good and value["size"] <= schema.get("maxSize", 1 << 40) else [f"{at} is no blob that may be there"]
        if kind == "boolean":
            return [] if isinstance(value, bool) else [f"{at} is no boolean"]
        if kind == "integer":
            good = isinstance(value, int) and not isinstance(value, bool) and schema.get("minimum", value) <= value <= schema.get("maximum", value)
            return [] if good else [f"{at} is {value}"]
        if kind == "string":
            good = isinstance(value, str) and len(value.encode(errors="replace")) <= schema.get("maxLength", 1 << 40)
            return [] if good else [f"{at} is no string that may be there"]
        return []

    def method(self, name):
        return self.docs.get(name, {}).get("main", {})

    def wrong_params(self, name, lists):
        """lists: {name: all values}, as they stood in the query."""
        schema = self.method(name).get("parameters", {"type": "params", "properties": {}})
        value = {}
        for k, all in lists.items():
            one = schema["properties"].get(k, {})
            inner = one.get("items", one)
            all = [int(v) if inner.get("type") == "integer" and v.lstrip("-").isdigit() else v == "true" if inner.get("type") == "boolean" else v
                   for v in all]
            value[k] = all if one.get("type") == "array" else all[0] if len(all) == 1 else all
        return self.wrong(schema, value, name)

    def wrong_body(self, name, which, value):
        """which: input or output."""
        schema = self.method(name).get(which, {}).get("schema")
        if not self.method(name):
            return [f"there is no method {name}"]
        return self.wrong(schema, value, name) if schema else [] if not value else [f"{name} takes no body"]

    def wrong_request(self, name, post, lists, json, body):
        if post and self.method(name).get("input", {}).get("encoding", "") == "*/*":
            return [] if body else [f"{name} without a body"]
        wrong = self.wrong_params(name, lists)
        return wrong + (self.wrong_body(name, "input", json) if post else [])
