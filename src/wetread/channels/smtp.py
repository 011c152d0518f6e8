"""Pages by e-mail (RFC 5321, RFC 5322). A receiver knows a repeated page by its Message-ID; Auto-Submitted (RFC 3834) keeps holiday notices from answering."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Literal

from wetread.channels.http import tls_context
from wetread.channels.wording import one_line, plain_text
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.no_answer import certificate_fault, why_no_answer
from wetread.domain.page import PageMessage, refuse_identity

__all__ = ["SmtpNotifier", "SmtpServer", "encode_mail"]

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
_STATUS = {"stat": "1 (Highest)", "asap": "2 (High)", "urgent": "2 (High)", "routine": "3 (Normal)"}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A submission server. `starttls` and `tls` check its certificate and never fall back to clear text."""

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 10.0
    ca_file: Path | None = None


class SmtpNotifier:
    """One mail per page, in a connection of its own."""

    def __init__(self, name: str, server: SmtpServer, sender: str, *, carries_phi: bool = False) -> None:
        if server.user and server.security == "none":
            raise PermanentError("a password must not travel in clear: set security to starttls", code="bad_settings")
        self.name = name
        self.carries_phi = carries_phi
        self._server = server
        self._sender = _one_address(sender)
        self._tls = None if server.security == "none" else tls_context(server.ca_file)

    def send(self, message: PageMessage, address: str, key: str) -> str:
        refuse_identity(message, carries_phi=self.carries_phi)
        mail = encode_mail(message, self._sender, _one_address(address), key)
        with _judged(), self._connected() as connection:
            connection.send_message(mail)
        return f"taken by the mail server as {mail['Message-ID']}"

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        if server.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout_s, context=self._tls
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        try:
            if server.security == "starttls":
                connection.starttls(context=self._tls)
            if server.user:
                connection.login(server.user, server.password)
            yield connection
            with suppress(OSError, smtplib.SMTPException):  # it has taken the mail: how it says goodbye changes nothing
                connection.quit()
        finally:
            connection.close()


def encode_mail(message: PageMessage, sender: str, address: str, key: str) -> EmailMessage:
    """Plain text, one recipient, headers made of single lines."""
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"], mail["To"] = sender, address
    mail["Subject"] = f"[{message.priority.value.upper()}] {one_line(message.title, 120)}"
    mail["Date"] = message.sent_at
    mail["Message-ID"] = f"<{_token(key)}@wetread.{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Priority"] = _STATUS[message.priority.value]
    mail.set_content(plain_text(message), cte="base64")  # no line of the text is ever a line of the mail
    return mail


def _one_address(text: str) -> str:
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        raise PermanentError("this is not one e-mail address: check the roster and the sender", code="bad_address")
    return text


def _token(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", key)[:64]


@contextmanager
def _judged() -> Iterator[None]:
    """What the server said, as the error tree; its words may repeat the address and stay out."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        fault = certificate_fault(error, "correct the address")
        raise PermanentError(f"the mail server's certificate {fault}", code="tls_failed") from None
    except smtplib.SMTPNotSupportedError:
        raise PermanentError(
            "the mail server offers no STARTTLS or no login: see `security`", code="tls_failed"
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _by_code(next(iter(error.recipients.values()))[0]) from None
    except smtplib.SMTPResponseException as error:
        raise _by_code(error.smtp_code) from None
    except (OSError, smtplib.SMTPException) as error:
        raise TransientError(
            f"the mail server does not answer: {why_no_answer(error)}", code="receiver_unreachable"
        ) from None


def _by_code(code: int) -> Exception:
    if 500 <= code < 600:
        advice = "check user and password" if code in (530, 534, 535) else "check the address, or look into its log"
        return PermanentError(f"the mail server refuses the page (SMTP {code}): {advice}", code="page_refused")
    return TransientError(f"the mail server cannot take the page now (SMTP {code})", code="receiver_busy")
