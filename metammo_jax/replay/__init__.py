"""Episodes that were played: kept as a few bytes, played again bit for bit, changed, and read.

`episode.Replay` is an episode by its key and its actions; `recording.record` plays one; `course`
plays its worlds again from keyframes; `given` checks what callers pass in. `stored` writes and
reads replays, `files` knows the bytes, `origin` tells an environment as JSON and makes it of that.
"""
