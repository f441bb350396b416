"""The training loop on the host, which calls one jitted update after the other.

Modules:
  command    the command line of `metammo-jax train`
  loop       `train` and `resume`
  seeds      the training loop for several seeds in one program
  log        records, evaluations and checkpoints between updates
  result     `TrainResult`, and the paragraph that `print` shows
  interrupt  Ctrl-C
  progress   the progress bar
  curve      figures of learning curves
"""
