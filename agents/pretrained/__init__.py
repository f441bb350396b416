"""Trained agents to take along: `load("generalist-tiny")`.

An agent is one file, `NAME.npz`: parameters in half precision, and a card that says what it learnt,
how, and how good it is. Nothing in it is run. Some come with the package, in this folder; one of
one's own is written by

    metammo-jax export runs/NAME --out my-agent.npz
    agent = load("my-agent.npz")
"""

from .agent import Agent, load, names, policy_of

__all__ = ["Agent", "load", "names", "policy_of"]
