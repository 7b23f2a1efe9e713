"""The order of events of one run: plan, reuse, pilot, execution, resumption, recovery."""
