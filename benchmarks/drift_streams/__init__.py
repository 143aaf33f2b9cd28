"""Drift-free and shifted streams: false alarms, delay against an oracle, power, naming; peers on the same."""
