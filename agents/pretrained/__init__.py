"""Pretrained agents: `load("generalist-tiny")`.

An agent is one file, `NAME.npz`: parameters in half precision, and a card with its games, options
and rating. It contains no code. Some come with the package, in this folder; write another with

    metammo-jax export runs/NAME --out my-agent.npz
    agent = load("my-agent.npz")
"""

from .agent import Agent, load, names, policy_of

__all__ = ["Agent", "load", "names", "policy_of"]
