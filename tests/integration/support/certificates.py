"""An authority and certificates of its own, made by openssl for one run of the tests."""
import subprocess

from . import process

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """`path` is its certificate; `issue()` gives others, signed by it."""

    def __init__(self, name="Weir test authority"):
        self.folder = process.new_folder("authority")
        self.path, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl("req", "-x509", *CURVE, "-days", "2", "-subj", f"/CN={name}",
                "-keyout", self.key, "-out", self.path)

    def issue(self, name, *names):
        """(certificate, key) for the DNS names and addresses `names`; for clients without any."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request = self.folder / f"{name}.csr"
        openssl("req", "-new", *CURVE, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        kinds = [f"IP:{each}" if each[0].isdigit() else f"DNS:{each}" for each in names]
        extensions = self.folder / f"{name}.ext"
        extensions.write_text("basicConstraints=CA:FALSE\n" + (
            f"subjectAltName={','.join(kinds)}\n" if kinds else "extendedKeyUsage=clientAuth\n"))
        openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self.key,
                "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate)
        return certificate, key


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=20)
