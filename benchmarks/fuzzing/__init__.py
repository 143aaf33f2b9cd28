"""Kinds of input for `benchmarks.fuzz_deid`: one module each, with `seeds`, `mutated` and `run`."""
