"""Replays: episodes stored by their actions, played again bit for bit, forked, and read.

`episode.Replay` is an episode by its key and its actions; `recording.record` plays one; `course`
plays its worlds again from keyframes; `given` checks what callers pass in. `stored` writes and
reads replays, `files` has the file format, `origin` converts an environment to JSON and back.
"""
