"""Debian's nginx as a real origin: files of known content, on a free port."""
import hashlib
import random
import shutil
import socket

from . import process

LARGE_BYTES = 10 * 1024 * 1024

CONFIG = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  keepalive_requests 100000;
  default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/root;
    location / {{ }}
    location /pages/ {{ add_header Surrogate-Key pages; }}
    location = /moved {{ return 302 /small.txt; }}
    location = /empty {{ return 204; }}
    location = /no-length {{ chunked_transfer_encoding on; gzip on;
            gzip_proxied any; gzip_types *; gzip_min_length 1;
      try_files /small.txt =404; }}
    location /uploads/ {{
      client_body_in_file_only on;
      client_body_temp_path {folder}/uploads;
      proxy_pass http://127.0.0.1:{port}/received/;
      proxy_set_body $request_body_file;
    }}
    location /counted/ {{ proxy_pass http://127.0.0.1:{port}/received/; }}
    location /received/ {{ return 201 "received $request_length"; }}
  }}
  server {{
    listen 127.0.0.1:{http2_port} http2;
    root {folder}/root;
    location = /moved {{ return 302 /small.txt; }}
    location = /empty {{ return 204; }}
    location /uploads/ {{
      client_body_in_file_only on;
      client_body_temp_path {folder}/uploads;
      proxy_pass http://127.0.0.1:{port}/received/;
      proxy_set_body $request_body_file;
    }}
  }}
{tls}
}}
"""

TLS = """\
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    root {folder}/root;
  }}
"""


class Nginx(process.Process):
    """Content: `/small.txt`, `/large.bin`, and what its configuration names. `http2_port` speaks
    HTTP/2 in clear, and nothing else.

    `tls`, a certificate and its key, makes it serve the files on `tls_port`, too.
    """

    def __init__(self, tls=None):
        folder = process.new_folder("nginx")
        self.port, self.tls_port, self.http2_port = process.free_ports(3)
        self.root = folder / "root"
        self.root.mkdir()
        self.uploads = folder / "uploads"
        self.uploads.mkdir()
        (self.root / "small.txt").write_bytes(b"small and plain\n")
        self.large = random.Random(7).randbytes(LARGE_BYTES)
        (self.root / "large.bin").write_bytes(self.large)
        self.large_hash = hashlib.sha256(self.large).hexdigest()
        for path in (folder, self.root, self.uploads, folder.parent):
            path.chmod(0o755)
        self.uploads.chmod(0o777)
        config = folder / "nginx.conf"
        over_tls = TLS.format(folder=folder, port=self.tls_port, certificate=tls[0],
                              key=tls[1]) if tls else ""
        config.write_text(CONFIG.format(folder=folder, port=self.port, tls=over_tls,
                                        http2_port=self.http2_port))
        super().__init__("nginx", [program(), "-e", "stderr", "-p", folder, "-c", config])
        process.wait_until(self.answers, 10, "nginx")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def newest_upload(self):
        """The bytes of the last request body that it received."""
        files = sorted(self.uploads.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return files[-1].read_bytes()


def program():
    found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if not found:
        raise process.NotReady("nginx is not installed: tools/packages/test.txt")
    return found
