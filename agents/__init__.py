"""Agents that learn the games: PPO for all players of a world at once, and what measures it."""
