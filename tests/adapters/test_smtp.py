"""A mail server gets messages over TLS, unless it is this machine (HOF-5.2)."""

import socket
from pathlib import Path

import pytest

from activities.ports import MailUnavailableError
from adapters.smtp import MailServer, SmtpDelivery
from tests.certificates import ADDRESS, holder
from tests.mail_sink import for_host, mail_sink, tls

SENDER = "desk@example.org"

# All of 127/8 is this machine, but only its usual names go without TLS.
ELSEWHERE = "127.0.0.2"


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
def test_a_server_elsewhere_without_starttls_gets_nothing() -> None:
    with mail_sink(ELSEWHERE) as sink:
        delivery = SmtpDelivery(MailServer(ELSEWHERE, sink.port, user="u", password="right"))
        with pytest.raises(MailUnavailableError, match="SMTPNotSupportedError"):
            delivery.deliver(b"x", sender=SENDER, recipient=ADDRESS)
    assert (sink.messages, sink.logins) == ([], [])


@pytest.mark.clause("HOF-5.2")
@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "smtps"])
def test_a_server_elsewhere_is_spoken_to_over_tls(tmp_path: Path, at_once: bool) -> None:
    owner = holder(
        addresses=(), extend=lambda made: made.add_extension(for_host(ELSEWHERE), critical=False)
    )
    with mail_sink(ELSEWHERE) as sink:
        sink.context, trust = tls(owner, tmp_path)
        sink.at_once = at_once
        server = MailServer(ELSEWHERE, sink.port, at_once, "desk", "right")
        SmtpDelivery(server, trust).deliver(b"x\r\n", sender=SENDER, recipient=ADDRESS)
        assert sink.messages == [(SENDER, ADDRESS, b"x\r\n")]
        assert sink.logins == [("desk", "right", True)]
        with pytest.raises(MailUnavailableError, match="SSLCertVerificationError"):
            SmtpDelivery(server).deliver(b"x", sender=SENDER, recipient=ADDRESS)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        delivery = SmtpDelivery(MailServer("127.0.0.1", taken.getsockname()[1]))
        with pytest.raises(MailUnavailableError, match=r"^ConnectionRefusedError$"):
            delivery.deliver(b"x", sender=SENDER, recipient=ADDRESS)


def test_a_wrong_password_is_told_without_it() -> None:
    with mail_sink() as sink:
        server = MailServer.from_url(f"smtp://desk%40x@127.0.0.1:{sink.port}", "wr0ng")
        assert "wr0ng" not in repr(server)
        with pytest.raises(MailUnavailableError, match=r"^SMTPAuthenticationError$"):
            SmtpDelivery(server).deliver(b"x", sender=SENDER, recipient=ADDRESS)
    assert sink.logins[0][0] == "desk@x"


def test_a_url_names_the_server_and_its_usual_port() -> None:
    assert MailServer.from_url("smtp://mail.example.com", None) == MailServer(
        "mail.example.com", 587
    )
    assert MailServer.from_url("smtps://u@mail.example.com", "p") == MailServer(
        "mail.example.com", 465, tls_at_once=True, user="u", password="p"
    )
