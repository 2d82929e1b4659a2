"""JSON schemas for kubeconform out of CRDs: what of OpenAPI v3 it would refuse becomes what JSON Schema says for it."""
import json


def converted(node, top=True):
    """The schema as JSON Schema; strict, as kubeconform's own are: unknown fields are refused."""
    if not isinstance(node, dict):
        return node
    keep = {key: value for key, value in node.items() if not key.startswith("x-kubernetes-")}
    for key in ("description", "example", "externalDocs", "nullable", "format"):
        keep.pop(key, None)
    if node.get("x-kubernetes-int-or-string"):
        keep.pop("type", None)
        keep["oneOf"] = [{"type": "string"}, {"type": "integer"}]
    if node.get("nullable") and isinstance(keep.get("type"), str):
        keep["type"] = [keep["type"], "null"]
    if "properties" in keep:
        keep["properties"] = {key: converted(value, False) for key, value in keep["properties"].items()}
        if "additionalProperties" not in keep and not node.get("x-kubernetes-preserve-unknown-fields"):
            keep["additionalProperties"] = False
    for key in ("items", "additionalProperties", "not"):
        if key in keep:
            keep[key] = converted(keep[key], False)
    for key in ("allOf", "anyOf", "oneOf"):
        if key in keep:
            # They only narrow what the properties beside them say.
            keep[key] = [{**converted(part, False), "additionalProperties": True} if isinstance(part, dict) and "properties" in part
                         else converted(part, False) for part in keep[key]]
    if top:
        known = keep.setdefault("properties", {})
        known.update({"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}})
    return keep


def write(crds, folder):
    """A file for each version of each CRD, in the way of kubeconform's templates."""
    for crd in crds:
        spec = crd["spec"]
        for version in spec["versions"]:
            schema = converted(version["schema"]["openAPIV3Schema"])
            name = f"{spec['names']['kind'].lower()}_{version['name']}.json"
            (folder / name).write_text(json.dumps(schema))
