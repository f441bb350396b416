"""Measurements of one accelerator in limited time.

    python -m benchmarks.gpu --config mini --minutes 8 --out DIR

It needs no preparation and no network, and runs on whatever JAX finds, on a CPU as a rehearsal.
Each figure is written to disk as soon as it is known, to `figures.jsonl`, and `report.md` is
rewritten with it. A part that fails (out of memory, a compile error) is reported with its
message, and the next one runs.

  plan      what is measured, in which order, with how many worlds and seconds
  programs  compiles programs side by side in threads while others run
  queue     runs the earliest task whose programs are compiled; keeps an eye on the clock
  report    the two files
  worlds    the digest of worlds; steps a second by number of worlds
  limits    copies and matrix products; where the time of a step goes
  training  agent-steps a second of training; a real run with what time is left
"""
