"""Networks: what turns an observation into logits and a value.

Modules:
  lean            the network of this project, small and quick, for the observation as it is
    encoders        features of oneself, of whom one sees, of what teammates say
    tiles           features of the ground: near tiles one by one, far ones counted in squares
    inventory_encoder  features of bag and market, full game only
    cores           recurrent cores
    heads           from the core to the logits of every part of an action
  paper           the network of the Meta MMO paper
  paper_trade     its heads and features of items, full game only
  convolution     its convolution, fast on a CPU
  views           its observation, in the layout of the original
  distributions   logits -> choices, their log-probability and entropy
  packing         blocks of living players, so that no time is spent on the dead
"""
