#!/usr/bin/env bash
# Records the small traces of this folder from the original (see docs/parity-setup.md):
#   PYTHON=.venv-nmmo/bin/python tests/data/record_traces.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

record() { # name, game, policy, seed, first tick, ticks, further options
    "$PYTHON" -m tests.parity.record --out "tests/data/$1.npz" --game "$2" --policy "$3" \
        --seed "$4" --start "$5" --ticks "$6" --obs-every 4 --obs-agents 20 "${@:7}"
}

record survive-first survive forager 31 0 6          # NPCs fill the map
record survive-last survive rusher 33 259 8          # fog, and one is left
record team_battle-fight team_battle fighter 35 70 6
record protect_the_king-fall protect_the_king random_valid 36 27 8
record race_to_the_center-horizon race_to_the_center random_move 41 1017 8 --difficulty 128
record king_of_the_hill-won king_of_the_hill rusher 16 82 10
record king_of_the_hill-late king_of_the_hill dweller 45 285 4 --difficulty 110
record sandwich-siege sandwich fighter 47 28 8 --difficulty 16
record comm_together-revived comm_together fighter 49 142 8
record radio_raid-wave radio_raid fighter 52 84 6 --difficulty 200

# The full game
record multi_task-first multi_task fighter 202 0 13 --config full --obs-every 6   # weapons drop
record multi_task-market multi_task fighter 202 76 5 --config full
record team_battle-loot team_battle fighter 204 120 4 --config full               # bags overflow
