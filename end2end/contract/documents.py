"""Every example of the documents has the shape that is described, with nothing unknown in it.

python documents.py OPENAPI ASYNCAPI
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

METHODS = {"get", "put", "post", "delete", "patch"}


class Document:
    def __init__(self, path: str):
        self.document = json.loads(Path(path).read_text())
        resource = Resource.from_contents(self.document, default_specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:document", resource)

    def follow(self, part):
        while isinstance(part, dict) and "$ref" in part:
            found = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/")]
            part = found
        return part

    def problems(self, schema, value) -> list[str]:
        def absolute(part):
            if isinstance(part, dict):
                return {key: "urn:document" + it if key == "$ref" else absolute(it)
                        for key, it in part.items()}
            return [absolute(it) for it in part] if isinstance(part, list) else part

        validator = Draft202012Validator(
            absolute(schema), registry=self.registry, format_checker=FormatChecker())
        found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
        return found + self.unknown(schema, value, "$")

    def unknown(self, schema, value, path) -> list[str]:
        """What `value` holds and `schema` does not name."""
        schema = self.follow(schema)
        parts = schema.get("oneOf", schema.get("anyOf", []))
        if parts:
            ways = [self.unknown(part, value, path) for part in parts]
            return min(ways, key=len)
        if isinstance(value, list) and "items" in schema:
            return [one for it in value for one in self.unknown(schema["items"], it, path + "[]")]
        fields = self.fields(schema)
        if not isinstance(value, dict) or fields is None:
            return []
        found = [f"{path}.{name} is not described" for name in value if name not in fields]
        for name in fields.keys() & value.keys():
            found += self.unknown(fields[name], value[name], f"{path}.{name}")
        return found

    def fields(self, schema):
        """The fields of an object by name; nothing where it may have any."""
        schema = self.follow(schema)
        fields = dict(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            fields |= self.fields(part) or {}
        is_open = "additionalProperties" in schema and schema["additionalProperties"] is not False
        return None if is_open or not fields else fields


def bodies(openapi: Document):
    """Every body that is described, by what it belongs to."""
    for path, methods in openapi.document["paths"].items():
        for method in METHODS & methods.keys():
            operation = methods[method]
            name = f"{method.upper()} {path}"
            contents = [("request", operation.get("requestBody", {}))]
            contents += list(operation["responses"].items())
            for of, holder in contents:
                for kind, body in openapi.follow(holder).get("content", {}).items():
                    yield f"{name} {of} {kind}", kind, body


def main(openapi_path: str, asyncapi_path: str):
    openapi, asyncapi = Document(openapi_path), Document(asyncapi_path)
    faults, count = [], 0
    for name, kind, body in bodies(openapi):
        count += 1
        if "example" not in body:
            faults.append(f"{name} has no example")
        elif kind.endswith("json"):
            found = openapi.problems(body["schema"], body["example"])
            faults += [f"{name}: {problem}" for problem in found]
    for name, message in asyncapi.document["components"]["messages"].items():
        for example in message["examples"]:
            count += 1
            found = asyncapi.problems(message["payload"], example["payload"])
            faults += [f"{name} on the socket: {problem}" for problem in found]
    print(f"{count} examples, {len(faults)} faults")
    if faults:
        raise SystemExit("\n".join(faults))


main(*sys.argv[1:])
