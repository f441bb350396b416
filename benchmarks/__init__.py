"""Benchmarks of speed, memory and compilation; each is a command, `python -m benchmarks.NAME`.

`step` and `train` measure rates, `reference` plays beside the original, `phases` shows where a
step's time goes, `resets` what automatic reset costs, `memory` what training takes, `ceiling` how
near the device's limits it runs; `readme` writes the README's table.
"""
