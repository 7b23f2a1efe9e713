"""Keys and tokens that a config hands to LEAN: known by their names, shown as ***."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_HIDDEN = "***"
_NAMES = re.compile(r"key|token|secret|password", re.IGNORECASE)
_SHORTEST = 4  # characters; anything shorter is found in any text


def masked(value: Any, name: str = "", *, found: set[str] | None = None) -> Any:
    """A value of a config, which may be a section or a list, without its secrets.

    Args:
        value: of a key of the config, or of an option.
        name: of the key or option; a name that tells of a secret hides the value.
        found: gets the secrets.
    """
    if isinstance(value, Mapping):
        return {key: masked(each, key, found=found) for key, each in value.items()}
    if isinstance(value, list):
        return masked_words(value, found)
    if not _NAMES.search(name):
        return value
    if found is not None:
        found.add(str(value))
    return _HIDDEN


def masked_words(words: Sequence[Any], found: set[str] | None = None) -> list[Any]:
    """Words of a command line without their secrets, which `found` gets: what options of such names are given."""
    shown: list[Any] = []
    option, before = "", ""
    for word in words:
        is_value = before == option != ""
        if is_value and option == "--extra-docker-config":
            shown.append(json.dumps(masked(json.loads(word), found=found)))
        elif isinstance(word, str) and word.startswith("-") and not (is_value and _NAMES.search(option)):
            option, equals, value = word.partition("=")
            shown.append(f"{option}={masked(value, option, found=found)}" if equals else word)
        else:  # the second word of --extra-config is the value of the first
            name = before if option == "--extra-config" and not is_value else option
            shown.append(masked(word, "" if name == "--extra-config" else name, found=found))
        before = str(word)
    return shown


def hide_secrets(text: bytes, words: Sequence[str]) -> bytes:
    """What a program printed, without the secrets of its command line."""
    secrets: set[str] = set()
    masked_words(words, secrets)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret.encode(), _HIDDEN.encode())
    return text
