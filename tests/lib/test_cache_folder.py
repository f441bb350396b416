"""The cache folder: what the environment says, else the user's."""

from pathlib import Path

import pytest

from metammo_jax.lib.cache_folder import cache_folder


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        (dict(METAMMO_JAX_CACHE="/a/b", XDG_CACHE_HOME="/x", HOME="/h"), "/a/b"),
        (dict(METAMMO_JAX_CACHE="~/b", HOME="/h"), "/h/b"),
        (dict(XDG_CACHE_HOME="/x", HOME="/h"), "/x/metammo_jax"),
        (dict(HOME="/h"), "/h/.cache/metammo_jax"),
    ],
)
def test_the_folder_is_the_first_that_is_named(monkeypatch, variables, folder):
    for name in ("METAMMO_JAX_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(folder)


def test_a_user_without_a_home_has_none(monkeypatch):
    def homeless(path):
        raise RuntimeError

    monkeypatch.delenv("METAMMO_JAX_CACHE", raising=False)
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert cache_folder() is None
