"""haproxy and nginx as platform teams put them before gRPC: HTTP/2 in, HTTP/2 out, a request at a time."""

from harness import Process, wait_until
from ports import accepts, free_port

HAPROXY = "/usr/sbin/haproxy"
NGINX = "/usr/sbin/nginx"

# A call of grpc.health.v1.Health/Check in raw HTTP/2 frames: connection preface, SETTINGS, HEADERS, DATA. haproxy's own
# HTTP check sees status 200 whatever gRPC says.
HEALTH_CALL = (
    "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a",
    "000000040000000000",
    "00007c01040000000100073a6d6574686f6404504f535400073a736368656d65046874747000053a706174681c2f677270632e6865616c74"
    "682e76312e4865616c74682f436865636b000a3a617574686f72697479036861700002746508747261696c657273000c636f6e74656e742d"
    "74797065106170706c69636174696f6e2f67727063",
    "0000050001000000010000000000",
)
SERVING = "00000000020801"


class Balancer:
    """Serves on `address`, spreads over the replicas' ports."""

    def __init__(self, name, command, directory, text, port):
        self.address = f"127.0.0.1:{port}"
        config = directory / f"{name}.conf"
        config.write_text(text, encoding="utf-8")
        self.process = Process([word.format(config=config) for word in command], directory / f"{name}.out")
        wait_until(lambda: accepts(port) or not self.process.running(), f"{name}'s port")
        if not self.process.running():
            raise AssertionError(f"{name} did not start: {self.process.log()}")

    def close(self):
        self.process.kill()


def haproxy(directory, ports):
    """Health-checked; a request is sent again only if it never left (a connection that failed)."""
    port = free_port()
    frames = "\n".join(f"  tcp-check send-binary {frame}" for frame in HEALTH_CALL)
    servers = "\n".join(f"  server replica{n} 127.0.0.1:{p}" for n, p in enumerate(ports))
    return Balancer("haproxy", [HAPROXY, "-db", "-f", "{config}"], directory, f"""
global
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 120s
  timeout server 120s
frontend grpc
  bind 127.0.0.1:{port} proto h2
  default_backend replicas
backend replicas
  balance roundrobin
  option tcp-check
{frames}
  tcp-check expect binary {SERVING}
  option redispatch 1
  retries 3
  retry-on conn-failure
  default-server check inter 500ms fall 2 rise 1 proto h2
{servers}
""", port)


def nginx(directory, ports):
    """No active health checks in the free nginx: a replica that refuses connections is left out for a second.

    After keepalive_requests calls (1,000 by default) it ends a connection by GOAWAY. A call that crosses that may fail,
    and a call here is made once.
    """
    port = free_port()
    servers = "\n".join(f"    server 127.0.0.1:{p} max_fails=1 fail_timeout=1s;" for p in ports)
    return Balancer("nginx", [NGINX, "-p", str(directory), "-e", "stderr", "-c", "{config}"], directory, f"""
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {directory}/nginx-body;
  proxy_temp_path {directory}/nginx-proxy;
  fastcgi_temp_path {directory}/nginx-fastcgi;
  uwsgi_temp_path {directory}/nginx-uwsgi;
  scgi_temp_path {directory}/nginx-scgi;
  upstream replicas {{
{servers}
    keepalive 16;
  }}
  server {{
    listen 127.0.0.1:{port} http2;
    keepalive_requests 1000000;
    location / {{
      grpc_pass grpc://replicas;
      grpc_read_timeout 120s;
      grpc_next_upstream error timeout;
    }}
  }}
}}
""", port)
