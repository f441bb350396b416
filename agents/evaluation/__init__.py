"""Evaluation: policies play each other.

Modules:
  sides       who controls which players: a run's policy, an untrained one, random actions
  episodes    plays episodes of several sides, one jitted function
  results     the result of a comparison: wins, progress, scores
  intervals   means and their 95% intervals
  compare     two sides, each alone and both together
  tournament  many sides, and their ratings
  ratings     Bradley-Terry, and the paper's Elo
  opponents   evaluations during training: random, untrained, the run's own past
  report      one HTML file about a run or an agent
  report_page the HTML of it

The commands are `agents.evaluate` and `agents.tournament`.
"""
