"""Learners: from worlds played to new parameters, one jitted function.

Modules:
  rollout   plays all worlds for some ticks and keeps what is learnt from
  credit    rewards of a team's later success for members who died before it, an option
  losses    advantages (GAE), means over the living
  minibatch what a loss is given
  algorithms which of these learns, or one's own
  ppo       the loss of PPO
  vtrace    that of an actor-critic with V-trace
  pqn       that of parallelized Q-learning
  update    a rollout, then epochs of minibatches: one update of training
  seeds     updates of several seeds in one program
"""
