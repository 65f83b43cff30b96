"""Forestall: finds the problems worth preventing in the records, and carries them to proof."""

import os

# Threads of compiled loops sleep while they wait: spinning, they take the other core from whoever shares the machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"
