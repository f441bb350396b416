"""Ctrl-C in a run: the first one stops after the update, so that nothing is lost."""

import signal
import sys
import threading


class Interrupt:
    """Turns a first Ctrl-C into a wish to stop after the update; a second one breaks off.

    Attributes:
      asked: whether there was one.
    """

    def __enter__(self):
        self.requested = False
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *error):
        if self._is_main:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number, frame):
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        print("\nstopping after this update; Ctrl-C again breaks off", file=sys.stderr)
