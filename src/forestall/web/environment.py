"""What the settings read from the machine: the key file, the database's address, switches."""

from __future__ import annotations

import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from forestall.errors import ForestallError


def is_loopback(host: str) -> bool:
    """Whether a server bound to ``host`` is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def switch(name: str, *, default: bool) -> bool:
    """An environment variable as yes or no."""
    value = os.environ.get(name, "").strip().lower()
    return default if not value else value in ("1", "true", "yes", "on")


def words(name: str) -> list[str]:
    """An environment variable as a list, split at commas."""
    return [w.strip() for w in os.environ.get(name, "").split(",") if w.strip()]


def number(name: str, *, default: int, least: int, most: int) -> int:
    """An environment variable as a whole number within bounds; :class:`ForestallError` where it is none."""
    value = os.environ.get(name, "").strip() or str(default)
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ForestallError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return int(value)


def mail() -> dict[str, Any]:
    """Django's settings of the server that takes e-mail; ``EMAIL_HOST`` is '' where none is given."""
    host, tls = (
        os.environ.get("FORESTALL_SMTP_HOST", "").strip(),
        os.environ.get("FORESTALL_SMTP_TLS", "starttls").strip().lower(),
    )
    if tls not in ("starttls", "tls", "none"):
        raise ForestallError(f"FORESTALL_SMTP_TLS must be starttls, tls or none, not {tls!r}")
    sender, file = os.environ.get("FORESTALL_SMTP_FROM", ""), os.environ.get("FORESTALL_SMTP_PASSWORD_FILE", "")
    if host and "@" not in sender:
        raise ForestallError(
            "FORESTALL_SMTP_FROM must be the e-mail address that the workplace writes from: set it beside "
            "FORESTALL_SMTP_HOST"
        )
    return {
        "EMAIL_HOST": host,
        "EMAIL_PORT": number("FORESTALL_SMTP_PORT", default=465 if tls == "tls" else 587, least=1, most=65535),
        "EMAIL_HOST_USER": os.environ.get("FORESTALL_SMTP_USER", ""),
        "EMAIL_HOST_PASSWORD": _password(file) if host and file else "",
        "EMAIL_USE_TLS": tls == "starttls",
        "EMAIL_USE_SSL": tls == "tls",
        "DEFAULT_FROM_EMAIL": sender or "forestall@localhost",
    }


def _password(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ForestallError(
            f"cannot read the mail server's password in {file}: name a file that can be read with "
            "FORESTALL_SMTP_PASSWORD_FILE"
        ) from error


def secret_key(path: Path) -> str:
    """The signing key in ``path``, made there with mode 600 where there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w") as f:
                f.write(secrets.token_urlsafe(48) + "\n")
        except BaseException:  # a full disk leaves no half key, which would be refused for ever
            path.unlink(missing_ok=True)
            raise
    except OSError as error:
        if isinstance(error, FileExistsError) and path.exists():
            return _read_key(path)
        raise ForestallError(
            f"cannot write the workplace's key file {path} ({error.strerror}): name a place that can be written with "
            "--db or FORESTALL_SECRET_KEY"
        ) from error
    return _read_key(path)


def _read_key(path: Path) -> str:
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ForestallError(
            f"cannot read the workplace's key file {path}: allow reading, or delete it to have a new one made (everyone is "
            "then signed out)"
        ) from error
    if len(key) < 40:
        raise ForestallError(
            f"the workplace's key file {path} holds less than a key: delete it to have a new one made (everyone is then "
            "signed out)"
        )
    return key


def database(url: str, file: Path) -> dict[str, Any]:
    """Django's description of the database: PostgreSQL where ``url`` is given, else SQLite in ``file``."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": file,
            "ATOMIC_REQUESTS": False,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                # what is erased is overwritten in the file too, and not only forgotten
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
                "PRAGMA secure_delete=ON; PRAGMA recursive_triggers=ON;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise ForestallError(
            "FORESTALL_DATABASE_URL must look like postgresql://user:password@host:5432/name: mend it, or leave it out to "
            "use a SQLite file"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
