"""Side by side with other systems: what the functions cost, in one run on one machine.

Each module is a program (`python -m benchmarks.scalar --help`); `docs/benchmarks.md` says what they
measure and shows their results. `benches/` has the measurements of the kernels, in Rust.
"""
