import errno
import os
import re
import stat
import subprocess
import sys

import pytest

from forestall.errors import ForestallError
from forestall.web import environment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["/sign-in/", "/", "/signals/0000000001/", "/recording-events/", "/nowhere", "/static/forestall/page.js"]
)
def test_headers_stand_on_every_answer(reader, path):
    headers = reader("analyst").get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert path.startswith("/static/") or headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/sign-in/", "/", "/signals/0000000001/", "/recording-events/"])
def test_no_page_has_anything_that_the_policy_refuses(reader, client, path):
    text = (client if path == "/sign-in/" else reader("analyst")).get(path).content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


def test_cookies(client, person):
    person("analyst")
    client.get("/sign-in/")
    client.post("/sign-in/", {"username": "analyst", "password": "a long and dull password"})
    for name in ("forestall_session", "forestall_csrf"):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"


def settings_of(**given):
    """Settings as a new process reads them."""
    code = (
        "import json; from forestall.web import settings as s; print(json.dumps({k: str(getattr(s, k)) for k in "
        "('HTTPS','SESSION_COOKIE_SECURE','CSRF_COOKIE_SECURE','SECURE_HSTS_SECONDS','DEBUG','LOOPBACK','DATABASES')}))"
    )
    keep = {k: v for k, v in os.environ.items() if not k.startswith("FORESTALL_")}
    run = subprocess.run([sys.executable, "-c", code], env={**keep, **given}, capture_output=True, text=True, check=False)
    import json

    return json.loads(run.stdout) if run.returncode == 0 else run.stderr


def test_beyond_loopback_cookies_are_secure_and_https_is_pinned(tmp_path):
    local = settings_of(FORESTALL_STORE=str(tmp_path))
    assert (local["SESSION_COOKIE_SECURE"], local["SECURE_HSTS_SECONDS"], local["DEBUG"]) == ("False", "0", "False")
    public = settings_of(FORESTALL_STORE=str(tmp_path), FORESTALL_BIND="0.0.0.0")
    assert (public["SESSION_COOKIE_SECURE"], public["CSRF_COOKIE_SECURE"], public["LOOPBACK"]) == ("True", "True", "False")
    assert int(public["SECURE_HSTS_SECONDS"]) > 0


def test_postgresql_is_one_setting(tmp_path):
    got = settings_of(FORESTALL_STORE=str(tmp_path), FORESTALL_DATABASE_URL="postgresql://me:p%40ss@db.local:5433/work")
    for part in ("backends.postgresql", "'work'", "'me'", "'p@ss'", "'db.local'", "'5433'"):
        assert part in got["DATABASES"]
    assert "must look like postgresql://" in settings_of(
        FORESTALL_STORE=str(tmp_path), FORESTALL_DATABASE_URL="mysql://x/y"
    )


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "new" / "workplace.key"
    with monkeypatch.context() as patch:
        patch.setattr("secrets.token_urlsafe", full_disk)
        with pytest.raises(ForestallError, match=r"No space left .* --db"):
            environment.secret_key(path)
    assert not path.exists(), "a key that was not written whole would be refused for ever"
    key = environment.secret_key(path)
    assert len(key) >= 48
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert environment.secret_key(path) == key
    path.write_text("short")
    with pytest.raises(ForestallError, match="less than a key"):
        environment.secret_key(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ForestallError, match="cannot write"):
        environment.secret_key(tmp_path / "file" / "workplace.key")


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False), ("example.org", False)],
)
def test_loopback(host, local):
    assert environment.is_loopback(host) is local


def test_another_hosts_name_is_refused(reader):
    answer = reader("analyst").get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400


def test_a_proxys_word_is_believed_only_where_there_is_one(rf, settings):
    from forestall.web.audit.trail import address_of

    request = rf.get("/", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}, REMOTE_ADDR="127.0.0.1")
    assert address_of(request) == "127.0.0.1"
    settings.BEHIND_PROXY = True
    assert address_of(request) == "203.0.113.9"


def test_a_form_that_is_too_large_says_so(client, person):
    """It answered that there is no such page."""
    client.force_login(person("officer"))
    answer = client.post("/notices/read/", {"words": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "more than can be sent at once" in answer.content.decode()
