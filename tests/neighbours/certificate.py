"""A certificate authority of our own and a server certificate for 127.0.0.1, made when the tests start."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Certificates:
    """`trusted` is the CA's PEM for clients; `server()` a TLS context whose certificate holds for 127.0.0.1, `stranger()` one for another host, `expired()` one whose time is over."""

    folder: Path

    @property
    def trusted(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def client(self) -> Path:
        """A certificate with its key, by which a client says who it is."""
        return self.folder / "server.pem"

    def server(self) -> ssl.SSLContext:
        return self._context("server.pem")

    def asking(self) -> ssl.SSLContext:
        """As `server`, and takes only clients that the CA signed."""
        context = self.server()
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.trusted)
        return context

    def stranger(self) -> ssl.SSLContext:
        return self._context("stranger.pem")

    def expired(self) -> ssl.SSLContext:
        return self._context("expired.pem")

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.folder / name)
        return context


def make_certificates(folder: Path) -> Certificates:
    """Also expired.pem, of the same authority, and another.pem, of an authority that nobody knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    authority = _builder(name, name, key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    signed = authority.sign(key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    here = x509.IPAddress(IPv4Address("127.0.0.1"))
    (folder / "server.pem").write_bytes(_issued(here, name, key))
    (folder / "stranger.pem").write_bytes(_issued(x509.DNSName("elsewhere.example"), name, key))
    (folder / "expired.pem").write_bytes(_issued(here, name, key, ends=-timedelta(hours=1)))
    (folder / "another.pem").write_bytes(_issued(here, name, ec.generate_private_key(ec.SECP256R1())))
    return Certificates(folder)


def _issued(
    host: x509.GeneralName,
    issuer: x509.Name,
    authority: ec.EllipticCurvePrivateKey,
    ends: timedelta = timedelta(days=90),
) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test server")])
    builder = _builder(subject, issuer, key.public_key(), ends)
    certificate = builder.add_extension(x509.SubjectAlternativeName([host]), critical=False).sign(
        authority, hashes.SHA256()
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    ends: timedelta = timedelta(days=90),
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + ends)
    )
