"""The order of events of one run: plan, engine, reuse, pilot, execution, comparison, resumption, recovery."""
