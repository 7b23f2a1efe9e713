"""A config's document under reading: its sections, and the mistakes and warnings found in it so far."""

from collections.abc import Mapping
from typing import Any

from strategy_testing.config.schema_validation import schema_problems
from strategy_testing.config.yaml_source import YamlDocument, YamlPath, dotted
from strategy_testing.errors import Problem


class Findings:
    """What has been found in a document; a part that breaks the schema is passed over by what reads on."""

    def __init__(self, document: YamlDocument, schema_name: str) -> None:
        """Starts with what the schema finds."""
        self.document = document
        self.problems = schema_problems(document, schema_name)
        self.broken = {problem.path for problem in self.problems}
        """Places that break the schema."""

        self.found_beyond_schema = False
        """Whether something is wrong that the schema cannot say."""
        self.warnings: list[str] = []

    def problem(self, path: YamlPath, message: str) -> None:
        """Notes a mistake."""
        self.found_beyond_schema = True
        self.problems.append(Problem(self.document.file, dotted(path), message, self.document.line_of(path)))

    def warning(self, path: YamlPath, message: str) -> None:
        """Notes what is no mistake, and should be known."""
        self.warnings.append(str(Problem(self.document.file, dotted(path), message, self.document.line_of(path))))

    def section(self, name: str) -> Mapping[str, Any]:
        """A section of the document; empty where there is none."""
        value = self.document.data.get(name)
        return value if isinstance(value, Mapping) else {}

    def sound(self, section: Mapping[str, Any], *path: str) -> dict[str, Any]:
        """The keys of a section whose values keep the schema."""
        return {key: value for key, value in section.items() if dotted((*path, key)) not in self.broken}

    def breaks(self, *path: str) -> bool:
        """Whether the place, or something within it, breaks the schema."""
        place = dotted(path)
        return any(each == place or each.startswith((f"{place}.", f"{place}[")) for each in self.broken)
