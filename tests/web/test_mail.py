"""E-mail through a real server on loopback: with TLS and a password, refused for a while, refused for good, and off."""

from __future__ import annotations

import datetime as dt
import ipaddress
import smtplib
import socket
import ssl
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.core import mail
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from forestall.errors import ForestallError
from forestall.text import Name, msg
from forestall.web import environment
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.work import actions, kinds, letter, tasks, worker
from forestall.web.work.models import Notice

pytestmark = pytest.mark.django_db

DUE = kinds.kind("test-due", msg("A task of yours is due"))
USER, PASSWORD = "forestall", "only of this test"


class Post:
    """What the server took; ``answers``: what it says first, one an attempt, before it takes anything."""

    def __init__(self) -> None:
        self.letters, self.answers, self.signed_in = [], [], []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: ARG002, N802
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: ARG002, N802
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"

    def authenticate(self, server, session, envelope, mechanism, data):  # noqa: ARG002
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        self.signed_in.append(good)
        return AuthResult(success=good, handled=False)


def certificate(folder):
    """A certificate for 127.0.0.1 and its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server(tmp_path, monkeypatch, settings):
    """A mail server with STARTTLS and sign-in, and the workplace set up for it as its operator would."""
    post, pem = Post(), certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Controller(
        post, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True, auth_required=True,
        authenticator=post.authenticate,
    )  # fmt: skip
    running.start()
    (tmp_path / "password").write_text(PASSWORD + "\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    for name, value in {
        "HOST": "127.0.0.1", "PORT": str(port), "USER": USER, "FROM": "forestall@force.example",
        "PASSWORD_FILE": str(tmp_path / "password"),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"FORESTALL_SMTP_{name}", value)
    for name, value in environment.mail().items():
        setattr(settings, name, value)
    settings.MAIL, settings.EMAIL_BACKEND = True, "django.core.mail.backends.smtp.EmailBackend"
    settings.ADDRESS = "https://forestall.force.example"
    yield post
    running.stop()


@pytest.fixture
def ann(person):
    found = person("officer", username="ann")
    found.email, found.name = "ann@force.example", "Ann Price"
    found.save()
    return found


def post(person, key="one"):
    text = msg("Speak to {who} at {place}", who="Terry Jones", place=Name("Mill Lane", "Lôn y Felin"))
    notice = actions.post_notice(
        person=person, kind=DUE, message=text, key=key, link="/plans/12/", reference="P-12", trail=Trail(None, "worker")
    )
    assert notice is not None
    return notice


def work() -> list[str]:
    """Does what the queue holds, as a worker does; returns how each task ended."""
    by, ends = worker.Worker(), []
    for result in list(DBTaskResult.objects.ready()):
        result.claim(by.worker_id)
        by.run_task(result)
        result.refresh_from_db()
        ends.append(result.status)
    return ends


def test_a_letter_says_what_kind_of_thing_and_where_and_no_more(server, ann):
    post(ann)
    assert server.letters == [], "nothing is sent in the request"
    assert work() == ["SUCCESSFUL"]
    (got,) = server.letters
    assert server.signed_in == [True]
    assert (got["To"], got["From"]) == ("ann@force.example", "forestall@force.example")
    assert got["Subject"] == f"Forestall: {DUE.title.render('en')} / {DUE.title.render('cy')} (P-12)"
    assert got["Auto-Submitted"] == "auto-generated"
    body = got.get_content().replace("\r\n", "\n")
    assert "A task of yours is due.\n\nReference: P-12\n\nRead it in the workplace, signed in:\n" in body
    assert body.count("https://forestall.force.example/plans/12/") == 2, "once in each language"
    for word in ("Terry", "Jones", "Mill", "Felin", "Ann", "Price"):
        assert word not in got.as_string()
    assert Notice.objects.get().mailed_at is not None
    assert list(Event.objects.values_list("act", flat=True)) == ["post-notice", "mail-notice"]


@pytest.mark.parametrize("language", ["en", "cy"])
def test_it_is_in_the_readers_language(ann, language):
    ann.language = language
    letters = letter.write(Notice(pk=1, person=ann, kind=DUE.slug, message={}, reference="P\r\nBcc: x@y.z"))
    assert letters.subject == f"Forestall: {DUE.title.render(language)} (P Bcc: x@y.z)"
    assert "----" not in letters.body
    assert letter.READ.render(language) in letters.body


def test_done_twice_it_is_sent_once(server, ann):
    notice = post(ann)
    work()
    assert tasks.mail_notice.call(notice.pk) == {"sent": 0}
    assert len(server.letters) == 1


def test_what_was_read_meanwhile_or_has_gone_needs_no_letter(server, ann):
    read, gone = post(ann), post(ann, "two")
    actions.mark_read(notice=read.pk, trail=Trail(ann))
    gone.delete()
    assert work() == ["SUCCESSFUL", "SUCCESSFUL"]
    assert server.letters == []


def test_a_server_that_is_busy_is_tried_again_later(server, ann):
    server.answers = ["451 busy", "450 busy"]
    notice = post(ann)
    for wait in tasks.WAITS[:2]:
        assert work() == ["SUCCESSFUL"]
        (later,) = DBTaskResult.objects.filter(status="READY")
        assert dt.timedelta(0) < later.run_after - timezone.now() <= wait
        assert work() == [], "not before its time"
        DBTaskResult.objects.filter(pk=later.pk).update(run_after=timezone.now())
    assert Notice.objects.get().mailed_at is None
    work()
    (got,) = server.letters
    assert got["Message-ID"].startswith(f"<notice-{notice.pk}-")


def test_a_server_that_is_not_there_is_given_up_in_the_end(server, ann, settings):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = nobody.getsockname()[1]
        notice = post(ann)
        for attempt in range(1, len(tasks.WAITS) + 1):
            assert tasks.mail_notice.call(notice.pk, attempt) == {"sent": 0, "attempt": attempt}
        with pytest.raises(OSError, match="refused"):
            tasks.mail_notice.call(notice.pk, len(tasks.WAITS) + 1)
    assert server.letters == []


def test_a_reader_whom_the_server_does_not_know_is_not_tried_again(server, ann):
    server.answers = ["550 no such reader"]
    post(ann)
    assert work() == ["FAILED"]
    assert not DBTaskResult.objects.filter(status="READY").exists()
    assert "SMTPRecipientsRefused" in DBTaskResult.objects.get().exception_class_path


def test_a_wrong_password_sends_nothing(server, ann, settings):
    settings.EMAIL_HOST_PASSWORD = "another"
    notice = post(ann)
    assert tasks.mail_notice.call(notice.pk)["sent"] == 0
    assert server.signed_in
    assert not any(server.signed_in)
    assert server.letters == []


def test_a_certificate_that_nobody_vouches_for_gets_no_password(server, ann, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ssl.SSLCertVerificationError):
        letter.write(post(ann)).send()
    assert server.signed_in == []


def test_without_a_server_none_is_queued(ann, settings):
    assert settings.MAIL is False
    post(ann)
    assert not DBTaskResult.objects.exists()
    assert mail.outbox == []


@pytest.mark.parametrize("change", [{"email": ""}, {"is_active": False}, {"is_demo": True}])
def test_who_gets_no_letter(ann, settings, change):
    settings.MAIL = True
    for name, value in change.items():
        setattr(ann, name, value)
    post(ann)
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"HOST": "mail", "FROM": "nobody"}, "FORESTALL_SMTP_FROM must be the e-mail address"),
        ({"TLS": "perhaps"}, "must be starttls, tls or none, not 'perhaps'"),
        ({"PORT": "99999"}, "FORESTALL_SMTP_PORT must be a whole number from 1 to 65535, not '99999'"),
        (
            {"HOST": "mail", "FROM": "a@b.c", "PASSWORD_FILE": "/nowhere/at/all"},
            "cannot read the mail server's password in",
        ),
    ],
)
def test_settings_that_are_none(monkeypatch, given, said):
    for name, value in given.items():
        monkeypatch.setenv(f"FORESTALL_SMTP_{name}", value)
    with pytest.raises(ForestallError, match=said):
        environment.mail()


def test_settings_that_are_some(monkeypatch):
    for name, value in {"HOST": "mail.example", "FROM": "a@b.c", "TLS": "tls"}.items():
        monkeypatch.setenv(f"FORESTALL_SMTP_{name}", value)
    made = environment.mail()
    assert (made["EMAIL_PORT"], made["EMAIL_USE_SSL"], made["EMAIL_USE_TLS"]) == (465, True, False)
    assert issubclass(smtplib.SMTPServerDisconnected, OSError), "what breaks off half-way is tried again too"
