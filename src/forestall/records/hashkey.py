"""The key that turns persons into hashes. It lies outside of every store, so that a copied store names nobody."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from forestall.errors import ForestallError

VARIABLE = "FORESTALL_HASH_KEY_FILE"


def path() -> Path:
    """Where the key lies: the file that ``FORESTALL_HASH_KEY_FILE`` names, else ``hash.key`` in the user's
    configuration."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "forestall" / "hash.key"


def load() -> bytes:
    """The key; made at random, readable by its owner alone, where there is none yet. A named file must exist already."""
    where = path()
    try:
        if not where.exists():
            if os.environ.get(VARIABLE):
                raise ForestallError(
                    f"{VARIABLE} names {where}, which is not there: give the force's key file, or unset it to "
                    "have a key made."
                )
            where.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as f:
                f.write(secrets.token_hex(32) + "\n")
        key = where.read_bytes().strip()
    except FileExistsError:  # another process made it a moment ago
        key = where.read_bytes().strip()
    except OSError as error:
        raise ForestallError(f"the hash key {where} can't be read ({error.strerror}): check its permissions.") from error
    if len(key) < 32:
        raise ForestallError(f"the hash key {where} is shorter than 32 characters: give the force's whole key file.")
    return key


def fingerprint(key: bytes) -> str:
    """Tells one key from another without giving it away."""
    return hmac.new(key, b"forestall key fingerprint", hashlib.sha256).hexdigest()[:12]


def person(key: bytes, values: Sequence[str | None]) -> str | None:
    """The keyed hash of one person's columns, or None where all are empty. Case and spacing do not matter; the
    same columns in the same order give the same hash in every source that uses this key."""
    plain = [re.sub(r"\s+", " ", v or "").strip().casefold() for v in values]
    if not any(plain):
        return None
    return hmac.new(key, "\x1f".join(plain).encode(), hashlib.sha256).hexdigest()[:32]
