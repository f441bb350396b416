"""Experiments with many seeds, as one command each, and sweeps.

    python -m agents.experiments multi --config tiny --seeds 10 --out experiments/multi

Modules:
  options       of all experiments, and their sizes
  tasks         trainings and tournaments that workers share, each done once
  single        a specialist for each game
  multi         a generalist for all games, against specialists: the paper's question
  unseen        a generalist for all games but one, in that game
  algorithms    PPO, V-trace and Q-learning
  pool          with and without past selves
  generalization  generalists of few and of many games, on games they have not played
  comparison    what multi, unseen, algorithms and pool share: tournaments and their report
  statistics    aggregates over games and seeds
  report        Markdown, and verdicts on claims
  sweep_table   the table of a sweep, with intervals over seeds

The commands are `agents.experiments` and `agents.sweep`.
"""
