"""The order of events of one run: plan, pilot, execution, import, resumption."""
