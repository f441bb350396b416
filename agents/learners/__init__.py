"""Learning algorithms: a rollout and the update of the parameters, in one jitted function.

Modules:
  rollout   collects transitions of all worlds
  sequences the shapes of a rollout
  credit    value of an agent's team after the agent's death, an option
  losses    advantages (GAE), means over the living
  minibatch the samples that a loss gets
  algorithms the algorithm by name, or a custom one
  ppo       the loss of PPO
  vtrace    the loss of an actor-critic with V-trace
  pqn       the loss of parallelized Q-learning
  update    a rollout, then epochs of minibatches: one update of training
  seeds     updates of several seeds in one program
"""
