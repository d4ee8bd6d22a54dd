"""Starts build/release/weir (or $WEIR_BINARY) and waits until it is ready."""
import http.client
import os
import pathlib
import signal
import subprocess

from . import process

READY_SECONDS = 15
STOP_SECONDS = 20
BINARY = pathlib.Path(os.environ.get("WEIR_BINARY") or
                      process.ROOT / "build/release/weir").absolute()


class Weir(process.Process):
    """`weir edge` on free ports. `options` are settings, given by --set.

    `exposed`: the admin listener is on every interface, and may speak TLS, so that readiness is
    asked of the service's own. `data`: the folder of a weir that was here before.
    """

    def __init__(self, origin=None, options=None, config=None, arguments=(), service="edge",
                 exposed=False, data=None, environment=None):
        self.port, self.admin = process.free_ports(2)
        self.data = data or process.new_folder("data")
        command = [BINARY, service, "--listen", f"127.0.0.1:{self.port}",
                   "--admin", f"{'0.0.0.0' if exposed else '127.0.0.1'}:{self.admin}",
                   "--data", self.data]
        if origin is not None:
            url = origin if "://" in str(origin) else f"http://127.0.0.1:{origin}"
            command += ["--origin", url]
        if config is not None:
            self.config = self.data / "weir.yaml"
            self.config.write_text(config)
            command += ["--config", self.config]
        for key, value in (options or {}).items():
            command += ["--set", f"{key}={value}"]
        super().__init__("weir", [*command, *arguments], environment=environment)
        self.ready_port = self.port if exposed else self.admin
        process.wait_until(self.ready_or_dead, READY_SECONDS, "/health/ready of weir")

    def ready_or_dead(self):
        if not self.running():
            raise process.NotReady(f"weir ended with {self.popen.returncode}\n{self.output()}")
        return self.status_of("/health/ready", self.ready_port) == 200

    def get(self, path, port=None, headers=None, method="GET", body=None, timeout=10):
        """(status, headers in lower case, body) over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, fields, answer.read()
        finally:
            connection.close()

    def status_of(self, path, port=None):
        """The status, or None while nobody answers."""
        try:
            return self.get(path, port, timeout=2)[0]
        except (OSError, http.client.HTTPException):
            return None

    def metrics(self):
        return self.get("/metrics", self.admin)[2].decode()

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(STOP_SECONDS)


def run_weir(*arguments, stdin=None, environment=None):
    """A command that ends by itself: (exit status, stdout, stderr)."""
    done = subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True,
                          timeout=20, check=False, input=stdin,
                          env=process.environment_with(environment))
    return done.returncode, done.stdout, done.stderr
