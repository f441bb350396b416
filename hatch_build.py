"""Puts `agents/` into a wheel as `metammo_jax/agents`; an editable install reads the checkout."""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Agents(BuildHookInterface):
    """The hook that hatchling calls before it builds a wheel."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Names the folder to include; `version` is "standard" or "editable"."""
        if version != "editable":
            build_data["force_include"]["agents"] = "metammo_jax/agents"
