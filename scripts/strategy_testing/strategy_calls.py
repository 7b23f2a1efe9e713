"""What a call in a strategy's sources leads to: arguments reach parameters, and get_parameter reads names."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from strategy_testing.abstract_values import (
    NOTHING,
    UNKNOWN,
    Builtin,
    Call,
    Container,
    Mark,
    Method,
    Partial,
    Site,
    Values,
    union,
)
from strategy_testing.strategy_builtins import BUILTINS, call_of_container, call_of_text
from strategy_testing.strategy_memory import Memory
from strategy_testing.strategy_scopes import Class, Function, Instance, Scope

_STANDING: Mapping[str, Hashable] = {
    **dict.fromkeys(("get_parameter", "GetParameter"), Mark.READER),
    **dict.fromkeys(("get_parameters", "GetParameters"), Mark.ALL_READER),
    **dict.fromkeys(("add_equity", "AddEquity", "add_etf", "AddEtf"), Mark.EQUITY_ADDER),
    **dict.fromkeys(("add_index", "AddIndex"), Mark.INDEX_ADDER),
    **{name: Builtin(name) for name in ("partial", "namedtuple")},
}
_FOLLOWED = {*BUILTINS, "getattr", "setattr", "map", "filter"}
_READING = {Mark.READER, Mark.ALL_READER, Mark.PARAMETERS}
_READS_ANYTHING = {"eval", "exec", "__import__", "import_module"}


def standing_for(attribute: str) -> Values:
    """What an attribute of this name is, whatever object it belongs to: `algorithm.get_parameter`."""
    return frozenset({_STANDING[attribute]}) if attribute in _STANDING else NOTHING


class Calls:
    """Passes values on from call to call; keeps in the memory what is read."""

    def __init__(self, memory: Memory, given: Mapping[str, Sequence[str]]) -> None:
        """Texts that are given for a parameter take the place of get_parameter's default."""
        self._memory = memory
        self._given = given
        self._reads: dict[Site, tuple[Values, bool]] = {}
        self._handlers: Mapping[type, Callable[[Any, Call], Values]] = {
            Partial: self._call_partial,
            Function: self._call_function,
            Class: self._construct,
            Instance: lambda value, call: self.call_all(self.attribute_of(frozenset({value}), "__call__"), call),
            Builtin: self._call_builtin,
            Method: self._call_method,
            Mark: self._call_mark,
        }

    def reads_dynamic_names(self) -> bool:
        """Whether a read has a name that is not known, or none although it takes place."""
        return any(
            Mark.UNKNOWN in names or (is_reached and not any(isinstance(name, str) for name in names))
            for names, is_reached in self._reads.values()
        )

    def call_all(self, functions: Values, call: Call) -> Values:
        """What calling one of the values gives."""
        return union([self._handlers.get(type(function), self._call_mark)(function, call) for function in functions])

    def builtin(self, name: str) -> Values:
        """What a name means that nothing is assigned to."""
        if name in _READS_ANYTHING:
            self._memory.is_dynamic = True
        return frozenset({Builtin(name)}) if name in _FOLLOWED else self._memory.missing()

    def member(self, modules: Values, name: str) -> Values:
        """What a name means in modules; of one that is not among the sources, no more is known than of itself."""
        found: set[Hashable] = set()
        for value in modules:
            if isinstance(value, Scope):
                found |= value.cells[name].values if name in value.cells else self._memory.missing()
            else:
                found.add(value)
        return frozenset(found)

    def attribute_of(self, owners: Values, name: str) -> Values:
        """What an attribute of one of the values may be."""
        if name in _READS_ANYTHING:
            self._memory.is_dynamic = True
        modules = frozenset(owner for owner in owners if isinstance(owner, Scope))
        found, others = self.member(modules, name), owners - modules
        if modules and not others:
            return found
        found |= standing_for(name)
        if not others or not all(isinstance(owner, Container | str) for owner in others):
            is_instance = not any(isinstance(owner, Class) for owner in others)
            found |= union([self._bound(value, is_instance) for value in self._memory.attributes[name].values])
        return union([found, *(self._own_attribute(owner, name, found) for owner in others)])

    def _own_attribute(self, owner: Hashable, name: str, found: Values) -> Values:
        if isinstance(owner, str) and name == "value":  # a member of an enumeration
            return frozenset({owner})
        if isinstance(owner, Container | str) or owner is Mark.PARAMETERS:
            return frozenset({Method(owner, name)})
        if isinstance(owner, Mark):
            return standing_for(name) or (UNKNOWN if owner is not Mark.EXTERNAL else frozenset({owner}))
        return found or self._memory.missing()

    def _bound(self, value: Hashable, is_instance: bool) -> Values:
        if not isinstance(value, Function) or not value.takes_instance:
            return frozenset({value})
        if not is_instance and "classmethod" not in value.decorators:
            return frozenset({value})
        if value.is_property:
            return value.returns.values
        return frozenset({Partial(value, (NOTHING,))})

    def escape(self, values: Values, *, to_external: bool = False) -> None:
        """Hands values to code which is not among the sources and may call them."""
        pending, seen = list(values), set(values)
        for value in pending:
            more: Values = NOTHING
            if isinstance(value, Function):
                self.expose(value)
            elif isinstance(value, Partial):
                more = frozenset({value.function})
            elif isinstance(value, Container):
                if to_external:
                    self._memory.store(value, UNKNOWN, UNKNOWN)
                more = value.everything()
            elif value in _READING or (to_external and isinstance(value, Instance | Class)):
                self._memory.is_dynamic = True
            pending += more - seen
            seen |= more

    def expose(self, function: Function) -> None:
        """Lets a function be called with anything."""
        function.is_called = function.is_reached = True
        for name in function.own_parameters[int(function.takes_instance) :]:
            self._memory.add(function.scope.cells[name], function.defaults.get(name, UNKNOWN))

    def _call_partial(self, value: Partial, call: Call) -> Values:
        positional, keywords = [*value.positional, *call.positional], dict(value.keywords) | call.keywords
        bound = Call(call.site, call.is_reached, positional, keywords, call.rest)
        return self.call_all(frozenset({value.function}), bound)

    def _call_function(self, function: Function, call: Call) -> Values:
        function.is_called = True
        if call.is_reached and not function.is_reached:
            function.is_reached = self._memory.has_changed = True
        named = dict(zip(function.parameters, call.positional, strict=False))
        accepted = [*function.parameters, *function.keyword_only]
        named |= {name: values for name, values in call.keywords.items() if name in accepted}
        for name in accepted:
            missing = function.defaults.get(name, NOTHING) | call.rest
            self._memory.add(function.scope.cells[name], named.get(name, missing))
        self._pass_others(function, call)
        return function.returns.values

    def _pass_others(self, function: Function, call: Call) -> None:
        """What `*args` and `**kwargs` take up."""
        node = function.node.args
        if node.vararg is not None:
            extra = call.positional[len(function.parameters) :]
            made = self._memory.sequence((id(function), "*"), extra, call.rest)
            self._memory.add(function.scope.cells[node.vararg.arg], made)
        if node.kwarg is not None:
            accepted = {*function.parameters, *function.keyword_only}
            named = [(frozenset({name}), values) for name, values in call.keywords.items() if name not in accepted]
            made = self._memory.mapping((id(function), "**"), [*named, *([(UNKNOWN, call.rest)] if call.rest else [])])
            self._memory.add(function.scope.cells[node.kwarg.arg], made)

    def _construct(self, described: Class, call: Call) -> Values:
        if described.is_enum:
            return UNKNOWN
        initializer = described.initializer()
        if initializer is not None:
            bound = Partial(initializer, (NOTHING,) * int(initializer.takes_instance))
            self._call_partial(bound, call)
        else:
            for index, name in enumerate(described.fields):
                self._memory.add(self._memory.attributes[name], call.get(index, name))
        return frozenset({Instance(described)})

    def _call_builtin(self, value: Builtin, call: Call) -> Values:
        first, second = call.get(0), call.get(1)
        if value.name == "getattr":
            if Mark.UNKNOWN in second and any(isinstance(owner, Instance) for owner in first):
                self.escape(union([cell.values for cell in self._memory.attributes.values()]))
            found = [self.attribute_of(first, text) for text in second if isinstance(text, str)]
            return union([*found, UNKNOWN & second, call.get(2)])
        if value.name == "setattr":
            for text in second:
                if isinstance(text, str):
                    self._memory.add(self._memory.attributes[text], call.get(2))
            self._memory.is_dynamic |= Mark.UNKNOWN in second
            return NOTHING
        if value.name in {"map", "filter"}:
            elements = [self._memory.iterate(values) for values in call.positional[1:]]
            results = self.call_all(first, Call(call.site, call.is_reached, elements))
            return self._memory.sequence(call.site, rest=results if value.name == "map" else union(elements))
        return BUILTINS[value.name](self._memory, call)

    def _call_method(self, method: Method, call: Call) -> Values:
        if isinstance(method.owner, Container):
            return call_of_container(self._memory, method.owner, method.name, call)
        if isinstance(method.owner, str):
            return call_of_text(self._memory, method.owner, method.name, call)
        if method.name in {"get", "pop", "get_value", "try_get_value", "TryGetValue"}:
            return self.read(call.get(0), call.get(1), call)
        self._memory.is_dynamic |= method.name not in {"contains_key", "ContainsKey"}
        return UNKNOWN

    def _call_mark(self, value: Hashable, call: Call) -> Values:
        if value is Mark.READER:
            return self.read(call.get(0, "name"), call.get(1, "default_value", "defaultValue"), call)
        if value is Mark.ALL_READER:
            return frozenset({Mark.PARAMETERS})
        if value in (Mark.EQUITY_ADDER, Mark.INDEX_ADDER):
            texts = {text for text in call.get(0, "ticker") if isinstance(text, str)}
            added = self._memory.equities if value is Mark.EQUITY_ADDER else self._memory.indices
            added |= texts
            return UNKNOWN
        self.escape(call.all(), to_external=value is Mark.EXTERNAL)
        return UNKNOWN if isinstance(value, Mark) else self._memory.missing()

    def read(self, names: Values, defaults: Values, call: Call) -> Values:
        """What a parameter of one of the names may be."""
        texts = {name for name in names if isinstance(name, str)}
        self._memory.names |= texts
        known, was_reached = self._reads.get(call.site, (NOTHING, False))
        self._reads[call.site] = (known | names, was_reached or call.is_reached)
        passed = frozenset(text for name in texts for text in self._given.get(name, ()))
        return (passed or defaults) | UNKNOWN
