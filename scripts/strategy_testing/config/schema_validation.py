"""Holds a YAML document against a published JSON Schema and words every violation for people."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from strategy_testing.config.yaml_source import YamlDocument, YamlPath, dotted, is_yaml_number, lean_decimal
from strategy_testing.errors import Problem
from strategy_testing.paths import SCHEMAS_DIR

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


@cache
def _schema(schema_name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS_DIR / f"{schema_name}.schema.json").read_text(encoding="utf-8"))
    return schema


def schema_problems(document: YamlDocument, schema_name: str) -> list[Problem]:
    """Every way in which the document breaks configs/schemas/<schema_name>.schema.json."""
    schema = _schema(schema_name)
    if surely_keeps(document.data, schema, schema):
        return []
    # It takes as long to import as all that a run needs before it starts LEAN.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    problems: list[Problem] = []
    for error in Draft202012Validator(schema).iter_errors(document.data):
        for path, message in _explained(error):
            problems.append(Problem(document.file, dotted(path), message, document.line_of(path)))
    return problems


def known_keys(schema_name: str) -> list[str]:
    """The sections that a file of this kind may have at its top."""
    return list(_schema(schema_name)["properties"])


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or the list of what there is."""
    names = {name.lower(): name for name in known}
    close = difflib.get_close_matches(wrong.lower(), list(names), 1, 0.6)
    return f"did you mean {names[close[0]]}?" if close else f"use one of {', '.join(names.values())}"


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "number": (int, float, Decimal), "integer": (int,),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip
_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "type": lambda value, rule: any(_is_of(value, kind) for kind in ([rule] if isinstance(rule, str) else rule)),
    "enum": lambda value, rule: isinstance(value, str) and value in rule,
    "pattern": lambda value, rule: isinstance(value, str) and re.search(rule, value) is not None,
    "required": lambda value, rule: isinstance(value, dict) and value.keys() >= set(rule),
    "minimum": lambda value, rule: _is_of(value, "number") and value >= rule,
    "exclusiveMinimum": lambda value, rule: _is_of(value, "number") and value > rule,
    "minLength": lambda value, rule: isinstance(value, str) and len(value) >= rule,
    "minItems": lambda value, rule: isinstance(value, list) and len(value) >= rule,
    "minProperties": lambda value, rule: isinstance(value, dict) and len(value) >= rule,
}
_OF_MEMBERS = ("properties", "additionalProperties", "items", "$ref")
_FOR_PEOPLE = ("$schema", "$defs", "title", "description", "default", "writeOnly")
_DEFINITION = "#/$defs/"


def surely_keeps(value: Any, schema: Any, whole: Mapping[str, Any]) -> bool:
    """Whether a value keeps a schema, as far as that is plain; where it is not, only jsonschema knows.

    Args:
        value: plain values, as YAML or JSON gives them.
        schema: a schema, or a part of one.
        whole: the schema whose $defs it names.
    """
    if not isinstance(schema, Mapping):
        return schema is True
    if not schema.keys() <= {*_RULES, *_OF_MEMBERS, *_FOR_PEOPLE}:
        return False
    kept = all(_RULES[keyword](value, rule) for keyword, rule in schema.items() if keyword in _RULES)
    return kept and all(surely_keeps(member, part, whole) for member, part in _members(value, schema, whole))


def _is_of(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _members(value: Any, schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """What is in a value, and the schema of each."""
    if isinstance(value, dict):
        named, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        yield from ((member, named.get(name, others)) for name, member in value.items())
    if isinstance(value, list):
        yield from ((member, schema.get("items", True)) for member in value)
    if "$ref" in schema:
        yield value, whole["$defs"][schema["$ref"].removeprefix(_DEFINITION)]


def _explained(error: "ValidationError") -> Iterator[tuple[YamlPath, str]]:
    path: YamlPath = tuple(error.absolute_path)
    value: Any = error.instance
    rule: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "required":
            missing = next(name for name in rule if name not in value and f"'{name}'" in error.message)
            yield (*path, missing), "is missing; add it (docs/CONFIG_FORMAT.md lists every key)"
        case "additionalProperties":
            known = list(schema.get("properties", {}))
            not_yet_given = [name for name in known if name not in value]
            for name in value:
                if name not in known:
                    yield (*path, name), f"unknown key, {suggestion(name, not_yet_given or known)}"
        case "type" | "pattern" if "pattern" in schema:
            yield path, f"must be {schema['description']}, not {shown(value)}"
        case "type":
            kinds = [rule] if isinstance(rule, str) else list(rule)
            seen = "" if schema.get("writeOnly") else f", not {shown(value)}"  # it may be a secret
            yield path, f"must be {_either(kinds)}{seen}{_hint(kinds, value, schema)}"
        case "enum":
            yield path, f"{shown(value)} is not known, {suggestion(str(value), [str(choice) for choice in rule])}"
        case "minimum":
            yield path, f"must be at least {rule}, not {shown(value)}"
        case "exclusiveMinimum":
            yield path, f"must be greater than {rule}, not {shown(value)}"
        case "minLength":
            yield path, "must not be empty; write a text"
        case "minItems" | "minProperties":
            yield path, "must not be empty; list at least one"
        case _:
            yield path, error.message


_KINDS = {
    "object": "a section with keys",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


def _either(kinds: list[str]) -> str:
    names = [_KINDS[kind] for kind in kinds]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def shown(value: Any) -> str:
    """A value as a message names it."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case str():
            return f'the text "{value if len(value) <= 40 else value[:37] + "..."}"'
        case list():
            return "a list"
        case _:
            return "a section with keys"


def _hint(kinds: list[str], value: Any, schema: Mapping[str, Any]) -> str:
    if value is None:
        return "; fill it in or remove the key"
    if "values" in schema.get("properties", {}):
        return "; write {values: [10, 12, 14]} or {start: 10, end: 14, step: 2}"
    if "string" in kinds and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return "; put it in quotes"
    if isinstance(value, str) and ("number" in kinds or "integer" in kinds):
        return _number_hint(value)
    if "boolean" in kinds and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off"):
        return "; write true or false"
    return ""


def _number_hint(text: str) -> str:
    if is_yaml_number(text):
        return "; remove the quotes"
    if text.rstrip().endswith("%"):
        return "; write a fraction, 0.15 for 15 %"
    number = lean_decimal(text.removeprefix("$"))  # 1_000, 007, $1000
    return "" if number is None else f"; write {number}"
