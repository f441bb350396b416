"""Training runs: their folder, checkpoints, and state in memory.

Modules:
  folder       its folder: options, metrics as JSON lines, names that never collide
  checkpoint   saves and loads parameters and the whole state of training
  group        runs of several seeds that are trained together
  training_run  worlds, policy and state, new or restored from a folder
"""
