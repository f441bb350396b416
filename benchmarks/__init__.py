"""How fast it is: `python -m benchmarks.step`, and `benchmarks.reference` beside the original."""
