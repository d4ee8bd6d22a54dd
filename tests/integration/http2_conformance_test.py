"""h2spec, a conformance suite of others for HTTP/2 and HPACK, in clear and over TLS."""
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

from support import certificates, origin, process
from support.case import Case

# Of RFC 7540's priorities, which RFC 9113 (5.3.2) has left; a frame of theirs says nothing to us.
PRIORITIES = {"Sends HEADERS frame that depend on itself",
              "Sends PRIORITY frame that depend on itself"}
# What is no preface of HTTP/2 is taken for HTTP/1.1 on this port: 400, and the end.
NO_PREFACE = {"Sends invalid connection preface"}


class Conformance(Case):
    PEERS = True

    def differences(self, port, *options):
        """The names of the cases in which weir does not do what the suite expects."""
        h2spec = shutil.which("h2spec")
        if not h2spec:
            self.skipTest("h2spec is not installed")
        report = process.new_folder("h2spec") / "report.xml"
        done = subprocess.run([h2spec, "-h", "127.0.0.1", "-p", str(port), "-o", "5",
                               "-j", report, *options],
                              capture_output=True, text=True, timeout=180, check=False)
        self.assertTrue(report.exists(), done.stdout + done.stderr)
        cases = ElementTree.parse(report).getroot().findall(".//testcase")
        self.assertGreater(len(cases), 140, done.stdout)
        return {case.get("classname") for case in cases
                if case.find("failure") is not None or case.find("error") is not None}

    def test_in_clear(self):
        edge, _ = self.behind(origin.echoing_target)
        self.assertEqual(self.differences(edge.port), PRIORITIES | NO_PREFACE)

    def test_over_tls(self):
        certificate, key = certificates.Authority().issue("server", "edge.test")
        scripted = self.origin(origin.echoing_target)
        (port,) = process.free_ports(1)
        self.weir(scripted.port, options={"edge.listen_tls": f"127.0.0.1:{port}",
                                          "edge.tls.certificate": certificate,
                                          "edge.tls.key": key})
        self.assertEqual(self.differences(port, "-t", "-k"), PRIORITIES)
