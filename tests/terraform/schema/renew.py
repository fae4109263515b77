"""Write what the tests know of the AWS provider: `python tests/terraform/schema/renew.py`.

The provider itself is on no package registry, but its schema is: the bindings `@cdktf/provider-aws`
and its successor `@cdktn/provider-aws` on npm are generated from `terraform providers schema -json`
and name the provider's version. This turns them back into that format, for the types that
`terraform/` uses: run it after using a new one. It needs npm and downloads 40 MB for each version.

What the bindings no longer tell is whether an optional attribute is computed too, what is
deprecated, and the provider's own checks of values.
"""

import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TERRAFORM = HERE.parents[2] / "terraform"
PROVIDER = "hashicorp/aws"
# The oldest provider that terraform/versions.tf allows, the last of 5, the first of 6, a late 6.
PACKAGES = {
    "5.80": "@cdktf/provider-aws@19.46.0",
    "5.99": "@cdktf/provider-aws@19.65.1",
    "6.0": "@cdktf/provider-aws@21.0.0",
    "6.66": "@cdktn/provider-aws@25.7.0",
}

_CLASS = re.compile(r"^class (\w+) extends cdk\w+\.(\w+) \{\n(.*?)^\}", re.M | re.S)
_GETTER = re.compile(r"^    get (\w+)\(\) \{\n\s+return (.*);\n", re.M)
_NESTED = re.compile(r"this\._(\w+) = new (\w+)\(this, \"(\w+)\"")
_ENTRY = re.compile(
    r"^\s+(\w+): \{\n\s+value: (.*),\n\s+isBlock: (\w+),\n\s+type: \"(\w+)\",\n"
    r"\s+storageClassType: \"(\w+)\"",
    re.M,
)
_ATTRIBUTE = re.compile(r"this\.get(\w*?)Attribute\('(\w+)'\)")
_TYPES = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
}
# Settable, and given by AWS where they are not set; a name only where it can have a prefix.
_ALSO_COMPUTED = {"id", "tags_all", "region"}
_PREFIXES = {"name": "name_prefix", "bucket": "bucket_prefix"}


class Binding:
    """One file of the bindings: a resource, a data source or the provider."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._classes = {name: (base, body) for name, base, body in _CLASS.findall(source)}

    def block(self) -> dict[str, Any]:
        """Return its schema."""
        roots = [
            name
            for name, (base, _) in self._classes.items()
            if base in ("TerraformResource", "TerraformDataSource", "TerraformProvider")
        ]
        (root,) = roots
        body = self._classes[root][1]
        entries = body.partition("synthesizeHclAttributes() {")[2]
        return self._block(root, entries)

    def _block(self, class_name: str, entries: str) -> dict[str, Any]:
        # The provider's blocks have no class; all that is in them is optional.
        body = self._classes.get(class_name, ("", ""))[1]
        nested = {name: kind for _, kind, name in _NESTED.findall(body)}
        settable = {entry[0]: entry[1:] for entry in _ENTRY.findall(entries)}
        attributes: dict[str, Any] = {}
        blocks: dict[str, Any] = {}
        for name, attribute_type in self._getters(body):
            if name in settable and settable[name][1] == "true":
                continue
            attributes[name] = {"type": attribute_type} | self._flags(body, name, name in settable)
        for name, (value, is_block, nesting, _) in settable.items():
            if is_block == "true":
                blocks[name] = self._nested_block(body, name, value, nesting)
            elif name not in attributes:  # the provider's own are fields, not getters
                attributes[name] = {"type": _simple(nesting, settable[name][3])} | self._flags(
                    body, name, settable=True
                )
        for name, kind in nested.items():
            if name not in settable:
                attributes[name] = {"type": self._computed_type(kind), "computed": True}
        for name, prefix in _PREFIXES.items():
            if {name, prefix} <= settable.keys() and "required" not in attributes[name]:
                attributes[name]["computed"] = True
        return {"attributes": attributes} | ({"block_types": blocks} if blocks else {})

    def _nested_block(self, body: str, name: str, value: str, nesting: str) -> dict[str, Any]:
        function = re.search(
            r"(\w+)ToHclTerraform", value.replace("cdktf.", "").replace("Mapper", "")
        )
        assert function, f"{name}: {value}"
        stem = function[1]
        entries = self._source.partition(f"function {stem}ToHclTerraform(struct) {{")[2]
        entries = entries.partition("\n}\n")[0]
        class_name = f"{stem[0].upper()}{stem[1:]}OutputReference"
        single = "listMapperHcl" not in value
        required = f"    reset{_camel(name)}(" not in body
        if nesting == "struct":
            mode, limits = "single", {}
        else:
            mode = nesting
            limits = ({"min_items": 1} if required else {}) | ({"max_items": 1} if single else {})
        return {"nesting_mode": mode, "block": self._block(class_name, entries)} | limits

    def _flags(self, body: str, name: str, settable: bool) -> dict[str, bool]:
        if not settable:
            return {"computed": True}
        if body and f"    reset{_camel(name)}(" not in body:
            return {"required": True}
        return {"optional": True} | ({"computed": True} if name in _ALSO_COMPUTED else {})

    def _getters(self, body: str) -> Iterator[tuple[str, Any]]:
        for _, value in _GETTER.findall(body):
            found = _ATTRIBUTE.search(value)
            if found:
                kind = _TYPES[found[1]]
                if "Fn.tolist" in value:
                    kind = ["set", kind[1]]
                yield found[2], kind

    def _computed_type(self, kind: str) -> Any:
        listed = kind.endswith("List")
        stem = kind.removesuffix("List").removesuffix("OutputReference")
        body = self._classes[f"{stem}OutputReference"][1]
        fields = dict(self._getters(body))
        fields |= {name: self._computed_type(kind) for _, kind, name in _NESTED.findall(body)}
        return ["list", ["object", fields]] if listed else ["object", fields]


def _simple(nesting: str, storage: str) -> Any:
    plain = {"string": "string", "number": "number", "boolean": "bool"}
    if nesting == "simple":
        return plain[storage]
    return [nesting, plain[storage.removesuffix("List").removesuffix("Map")]]


def _camel(name: str) -> str:
    words = [word[:1].upper() + word[1:] for word in name.split("_")]
    return "".join(words)


def used_types() -> tuple[list[str], list[str]]:
    """Return the types of resources and of data sources in terraform/."""
    text = "\n".join(
        path.read_text() for path in sorted(TERRAFORM.rglob("*.tf*")) if path.is_file()
    )
    return tuple(  # type: ignore[return-value]
        sorted(set(re.findall(rf'^{kind} "(aws_\w+)"', text, re.M)))
        for kind in ("resource", "data")
    )


def read_package(package: str, folder: Path) -> dict[str, Any]:
    """Return the schema of one package's provider."""
    packed = subprocess.run(
        ["npm", "pack", package, "--silent"], cwd=folder, check=True, capture_output=True, text=True
    )
    resources, data_sources = used_types()
    wanted = {
        f"package/lib/{t.removeprefix('aws_').replace('_', '-')}/index.js": t for t in resources
    }
    wanted_data = {f"package/lib/data-{t.replace('_', '-')}/index.js": t for t in data_sources}
    found: dict[str, Any] = {"resource_schemas": {}, "data_source_schemas": {}}
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        for member in archive:
            kind = (
                "resource_schemas"
                if member.name in wanted
                else "data_source_schemas"
                if member.name in wanted_data
                else "provider"
                if member.name == "package/lib/provider/index.js"
                else None
            )
            if kind is None:
                continue
            file = archive.extractfile(member)
            assert file
            source = file.read().decode()
            schema = {"version": 0, "block": Binding(source).block()}
            if kind == "provider":
                found[kind] = schema
            else:
                found[kind][(wanted | wanted_data)[member.name]] = schema
            version = re.search(r"providerVersion: '([\d.]+)'", source)
            if version:
                found["provider_version"] = version[1]
    missing = (set(resources) - set(found["resource_schemas"])) | (
        set(data_sources) - set(found["data_source_schemas"])
    )
    assert not missing, f"{package} has no {sorted(missing)}"
    return found


def write(schema: dict[str, Any], path: Path, package: str) -> None:
    """Write a schema in Terraform's own format, a line for each type."""
    version = schema.pop("provider_version")
    lines = [f'{{"format_version":"1.0","source":"{package}, provider {version}",']
    lines.append(f'"provider_schemas":{{"{PROVIDER}":{{"provider":{_compact(schema["provider"])}')
    for kind in ("resource_schemas", "data_source_schemas"):
        rows = [f'"{name}":{_compact(value)}' for name, value in sorted(schema[kind].items())]
        lines.append(f',"{kind}":{{\n' + ",\n".join(rows) + "}")
    lines.append("}}}\n")
    path.write_text("\n".join(lines))


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    for version, package in PACKAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            write(read_package(package, Path(folder)), HERE / f"aws-{version}.json", package)
            print(f"aws-{version}.json from {package}")
