"""Finds reads of a slice's data that the code has not made sure of."""

import ast
from collections.abc import Iterator

from strategy_checks.api_names import AlgorithmApi
from strategy_checks.bar_conditions import Conditions
from strategy_checks.bar_expressions import Expressions, Outcome
from strategy_checks.bar_facts import NOTHING, Facts, meet, translated
from strategy_checks.bar_flow import Flow
from strategy_checks.bar_names import SliceNames
from strategy_checks.bar_summaries import Summary
from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import Function, enclosing, receiver_class
from strategy_checks.findings import Finding
from strategy_checks.strategy_files import Strategy

_MOST_ROUNDS = 6


def bar_read_findings(strategy: Strategy, index: CodeIndex, api: AlgorithmApi) -> Iterator[Finding]:
    """One finding for each read that some path reaches without a check."""
    names = SliceNames(index)
    entries: dict[Function, Facts] = {}
    summaries: dict[Function, Summary] = {}
    outcomes: dict[Function, Outcome] = {}
    called = _called_alone(index, api)
    # Each round knows more of what callers have checked and of what helpers say, so it finds less.
    for _ in range(_MOST_ROUNDS):
        before = (dict(entries), dict(summaries))
        found: dict[Function, Summary] = {}
        for function in index.functions:
            conditions = Conditions(names, index, function, summaries)
            flow = Flow(function, Expressions(function, names, conditions))
            found[function] = flow.run(entries.get(function, NOTHING))
            outcomes[function] = flow.outcome
        summaries = found
        entries = {each: _entry(each, index, names, outcomes) for each in called}
        if before == (entries, summaries):
            break
    for function, outcome in outcomes.items():
        for line, message in outcome.findings:
            yield Finding(strategy.files[function.file], line, message)


def _entry(function: Function, index: CodeIndex, names: SliceNames, outcomes: dict[Function, Outcome]) -> Facts:
    """What is known wherever a function is called."""
    found = []
    for caller, call in index.callers[function]:
        reached = outcomes[caller].calls.get(id(call))
        if reached is not None:
            found.append(_as_called(function, call, caller, reached[1], names))
    return meet(*found) or NOTHING


def _as_called(function: Function, call: ast.Call, caller: Function, known: Facts, names: SliceNames) -> Facts:
    """The facts at a call, in the words of the function that is called."""
    mapping = {names.text(argument, caller): f"PASSED_{name}" for name, argument in function.bind(call).items()}
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(owner, ast.Name) and function.itself and receiver_class(owner.id, caller) is not None:
        mapping[owner.id] = f"PASSED_{function.itself}"
    shared = {name for scope in enclosing(function) if scope is not function for name in _local(scope)}
    facts = translated(known, mapping, shared - _local(function))
    return translated(
        facts, {passed: passed.removeprefix("PASSED_") for passed in mapping.values()}, shared - _local(function)
    )


def _local(function: Function) -> set[str]:
    itself = {function.itself} if function.itself else set()
    return {*function.bindings, *(parameter.arg for parameter in function.every_parameter), *itself}


def _called_alone(index: CodeIndex, api: AlgorithmApi) -> list[Function]:
    """Functions that run only where the sources call them: no handlers, nothing that is handed over as a callback."""
    called = {id(call.func) for each in index.functions for call in each.calls}
    variables, attributes = set(), set(api.names)
    for module in index.modules.values():
        for node in ast.walk(module.node):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
                variables.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in called:
                attributes.add(node.attr)
    return [
        each
        for each in index.functions
        if each in index.callers and each.name not in (variables if each.owner is None else attributes)
    ]
