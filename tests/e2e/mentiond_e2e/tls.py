"""Certificates, made by openssl when they are needed, and servers' contexts with them."""
import ssl
import subprocess

CA = """[ca]
default_ca = d
[d]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = p
copy_extensions = copy
unique_subject = no
[p]
commonName = supplied
"""


class Authority:
    """One that mentiond is told to trust (file); and a stranger."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "ca.cnf").write_text(CA)
        (directory / "index").touch()
        (directory / "serial").write_text("01\n")
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem")
        self.self_signed("authority", "-addext", "basicConstraints=critical,CA:TRUE")
        self.file = directory / "authority.pem"

    def openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.directory, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)

    def self_signed(self, name, *extensions):
        self.openssl("req", "-x509", "-new", "-key", "key.pem", "-subj", f"/CN={name}", "-days", "2", *extensions, "-out", f"{name}.pem")

    def context(self, name, alpn=()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f"{name}.pem", self.directory / "key.pem")
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

    def signed(self, name, host="IP:127.0.0.1", ends="20991231000000Z", **options):
        """A server's context with a certificate of this authority."""
        self.openssl("req", "-new", "-key", "key.pem", "-subj", f"/CN={name}", "-addext", f"subjectAltName={host}", "-out", f"{name}.csr")
        self.openssl("ca", "-config", "ca.cnf", "-batch", "-keyfile", "key.pem", "-cert", "authority.pem", "-in", f"{name}.csr",
                     "-startdate", "20200101000000Z", "-enddate", ends, "-notext", "-out", f"{name}.pem")
        return self.context(name, **options)

    def of_a_stranger(self, name):
        """A server's context with a certificate that signs itself."""
        self.self_signed(name, "-addext", "subjectAltName=IP:127.0.0.1")
        return self.context(name)
