"""Kinds of input for `benchmarks.fuzz_deid`: each with `seeds`, `mutated`, `run`; `faults` is shared."""
