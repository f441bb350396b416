"""Networks: from an observation to logits and a value.

Modules:
  lean            the network of this project, small and fast, for the environment's observation
    encoders        features of the agent, of entities in sight, of teammates' messages
    tiles           features of the map: near tiles one by one, far ones counted in squares
    inventory_encoder  features of inventory and market, full game only
    cores           recurrent cores
    heads           logits of all action heads from the core's output
  paper           the network of the Meta MMO paper
  paper_trade     its heads and features of items, full game only
  convolution     its convolution, fast on a CPU
  views           its observation, in the layout of the original
  distributions   logits -> choices, their log-probability and entropy
  packing         dense blocks of living agents, so that nothing is computed for dead ones
"""
