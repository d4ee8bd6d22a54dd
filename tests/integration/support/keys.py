"""The settings and configuration that tests use, by the names that they have in weir.

A setting that is renamed changes here and nowhere else.
"""
HEAD_TIMEOUT = "http.server.head_timeout"
HEAD_LINE_BYTES_MAX = "http.server.line_bytes_max"
HEAD_BYTES_MAX = "http.server.head_bytes_max"
CONNECT_TIMEOUT = "edge.origin.connect_timeout"
RESPONSE_TIMEOUT = "edge.origin.response_timeout"
ACCESS_LOG = "telemetry.access_log.path"
TRUSTED_PEERS = "edge.trusted_peers"
PROXY_PROTOCOL_FROM = "http.server.proxy_protocol_from"
DRAIN_TIMEOUT = "runtime.drain_timeout"


def fixed_answer_site(host, body):
    """YAML of a configuration whose one site answers `body` by itself."""
    return f"""\
edge:
  sites:
    - host: ["{host}"]
      respond:
        status: 200
        headers: {{content-type: text/plain}}
        body: "{body}"
"""
