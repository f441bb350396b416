"""The training loop on the host, which calls one jitted update after the other.

Modules:
  loop       `train` and `resume`: updates, one after the other
  seeds      the same for several seeds at once
  log        what happens between updates: records, comparisons, checkpoints; the result
  interrupt  Ctrl-C
  progress   the progress bar
  curve      the learning curve as a picture

The command is `agents.train`.
"""
