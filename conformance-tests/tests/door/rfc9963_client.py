"""A TLS 1.3 client that proves possession with rsa_pkcs1_sha256_legacy (RFC 9963), on tlslite-ng.

tlslite-ng does not know the code point, so this script teaches it: the scheme's name (its parts are what tlslite-ng reads
key type, padding and hash from) and that it may be chosen for CertificateVerify in TLS 1.3. Everything else, from the reading of
the server's CertificateRequest to the signature over the transcript, is tlslite-ng's own code, which shares none with rustls.

    rfc9963_client.py PORT HOST CARD_PEM SCHEME PATH      SCHEME is 0420, or 0401 for the one that TLS 1.3 forbids

Prints the schemes that the server offered, then the answer's head.
"""
import socket
import sys

from tlslite.api import HandshakeSettings, TLSConnection, X509, X509CertChain, parsePEMKey
from tlslite.constants import SignatureScheme
from tlslite.messages import CertificateRequest

LEGACY = (4, 0x20)
port, host, pem, scheme, path = sys.argv[1:6]
chosen = {"0420": LEGACY, "0401": (4, 1)}[scheme]

SignatureScheme.rsa_pkcs1_legacy_sha256 = LEGACY


def only_the_chosen(settings, privateKey=None, certList=None, version=(3, 3)):
    """What a card's middleware can do, once its key is asked; the server's own signature is verified as usual."""
    return [chosen] if privateKey else usual(settings, privateKey, certList, version)


usual = TLSConnection._sigHashesToList
TLSConnection._sigHashesToList = staticmethod(only_the_chosen)

offered = []
read = CertificateRequest.parse


def remember(self, parser):
    request = read(self, parser)
    offered.extend(request.supported_signature_algs)
    return request


CertificateRequest.parse = remember

text = open(pem).read()
certificate = X509()
certificate.parse(text)
key = parsePEMKey("-----BEGIN PRIVATE KEY-----" + text.split("-----BEGIN PRIVATE KEY-----")[1], private=True)

settings = HandshakeSettings()
settings.minVersion = settings.maxVersion = (3, 4)
# tlslite-ng 0.8.2 compresses its certificate whether the server offered that or not.
settings.certificate_compression_send = []
settings.certificate_compression_receive = []
connection = TLSConnection(socket.create_connection(("127.0.0.1", int(port)), timeout=20))
connection.handshakeClientCert(X509CertChain([certificate]), key, settings=settings, serverName=host)
assert connection.version == (3, 4), connection.version
print("offered", " ".join("%02x%02x" % pair for pair in offered))
connection.write(("GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n" % (path, host, port)).encode())
answer = b""
while b"\r\n\r\n" not in answer:
    some = connection.read(max=4096, min=1)
    if not some:
        break
    answer += bytes(some)
print(answer.decode())
