"""Devices behind proxies that other people wrote: nginx in front, which ends TLS and passes the
certificate on in both forms, and curl as a load balancer that speaks the PROXY protocol."""

import base64
import http.client
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import types
import unittest
import urllib.parse

from support import (CONNECT, CurlDevice, EndToEnd, Process, command, free_port, operators_request,
                     plistlib, run, wait_until)

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")

# nginx has no variable with the form of RFC 9440: the lines of the PEM, put together.
LINES_MAX = 40
RFC_9440 = ('"~^-----BEGIN CERTIFICATE-----\\n'
            + "".join(f"(?:(?<l{n}>[A-Za-z0-9+/=]+)\\n)?" for n in range(LINES_MAX))
            + '-----END" ":' + "".join(f"$l{n}" for n in range(LINES_MAX)) + ':";')


class Proxied(EndToEnd):
    """A daemon that takes devices at its own port, at a plain one, and at a Unix socket."""

    device_options = {"trusted_proxies": "127.0.0.1, unix",
                      "proxy_certificate_header": "X-Client-Cert"}

    def setUp(self):
        super().setUp()
        self.socket = self.folder / "devices.sock"
        self.parts.configuration = {
            "device": self.device_options,
            "proxied": {"listen_address": "127.0.0.1", "port": 0, "socket_path": str(self.socket),
                        **getattr(self, "proxied_options", {})}}
        self.parts.start_all()
        self.plain = f"http://127.0.0.1:{self.parts.ready['proxied_port']}"

    def at(self, port):
        """The parts, as who knows only the proxy sees them."""
        return types.SimpleNamespace(state=self.parts.state, device_port=port,
                                     topic=self.parts.topic)

    def exchange(self, device):
        name, body = command("DeviceInformation", Queries=["UDID"])
        status, answer = operators_request(self.parts, "PUT", f"/v1/enqueue/{device.udid}", body)
        self.assertEqual(status, 200, answer)
        self.assertEqual(device.connect("Idle")[1::2], (200, body))
        self.assertEqual(device.connect("Acknowledged", name)[1::2], (200, b""))

    def idle_body(self, device):
        path = self.folder / "idle.plist"
        path.write_bytes(plistlib.dumps({"Status": "Idle", "UDID": device.udid}))
        return ["--request", "PUT", "--data-binary", f"@{path}", "--header",
                f"Content-Type: {CONNECT}"]

    def forms(self, device):
        """The two forms of the device's certificate in the header that is configured."""
        pem = device.certificate.read_text()
        der = run("openssl", "x509", "-in", device.certificate, "-outform", "DER")
        return (f"X-Client-Cert: {urllib.parse.quote(pem, safe='')}",
                f"X-Client-Cert: :{base64.b64encode(der).decode()}:")


@unittest.skipUnless(NGINX, "nginx is not installed: tools/setup")
class BehindNginx(Proxied):
    def setUp(self):
        super().setUp()
        self.escaped, self.rfc9440 = free_port(), free_port()
        state, folder = self.parts.state, self.folder
        server = (f"ssl_certificate {state}/server.pem; ssl_certificate_key {state}/server.key;\n"
                  f"ssl_client_certificate {state}/ca.pem; ssl_verify_client optional;\n")
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/nginx.pid;\n"
            f"error_log {folder}/nginx-error.log warn; events {{ }}\n"
            "http { access_log off; client_max_body_size 64m; large_client_header_buffers 4 32k;\n"
            + "".join(f"{kind}_temp_path {folder}/nginx-{kind};\n"
                      for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) +
            f"map $ssl_client_raw_cert $rfc9440 {{ default ''; {RFC_9440} }}\n"
            f"server {{ listen 127.0.0.1:{self.escaped} ssl; {server}"
            f"location / {{ proxy_pass {self.plain};\n"
            "proxy_set_header X-Client-Cert $ssl_client_escaped_cert; } }\n"
            f"server {{ listen 127.0.0.1:{self.rfc9440} ssl; {server}"
            f"location / {{ proxy_pass http://unix:{self.socket}:;\n"
            "proxy_set_header X-Client-Cert $rfc9440; } } }\n")
        nginx = Process("nginx", [NGINX, "-c", folder / "nginx.conf", "-e",
                                  folder / "nginx-error.log"], folder)
        self.addCleanup(nginx.stop)
        for port in (self.escaped, self.rfc9440):
            wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, 20,
                       "nginx to listen", nginx.require_alive)

    def device(self, name, port, **options):
        device = CurlDevice(self.at(port), self.folder / name, **options)
        device.enrol(self.link())
        return device

    def test_all_ways_to_prove_an_identity_work_side_by_side(self):
        devices = [self.device("escaped", self.escaped), self.device("rfc9440", self.rfc9440),
                   self.device("direct", self.parts.device_port),
                   self.device("signed", self.escaped, proof="signature")]
        for device in devices:
            self.exchange(device)

    def test_a_header_that_a_client_writes_itself_does_not_get_through(self):
        victim = self.device("victim", self.escaped)
        thief = CurlDevice(self.at(self.escaped), self.folder / "thief")
        for port in (self.escaped, self.rfc9440):
            for header in self.forms(victim):
                status = thief.curl(*self.idle_body(victim), "--header", header,
                                    f"https://localhost:{port}/mdm")[1]
                self.assertEqual(status, 400, header[:20])

    def test_another_devices_certificate_is_refused_behind_the_proxy_too(self):
        first, second = self.device("one", self.escaped), self.device("two", self.rfc9440)
        second.certificate, second.key = first.certificate, first.key
        self.assertEqual(second.connect("Idle")[1], 409)


class BehindOthers(Proxied):
    def test_curl_on_the_unix_socket_is_believed(self):
        device = CurlDevice(self.parts, self.folder / "device")
        device.enrol(self.link())
        for header in self.forms(device):
            status = device.curl("--unix-socket", self.socket, *self.idle_body(device), "--header",
                                 header, "http://localhost/mdm")[1]
            self.assertEqual(status, 200)
        self.assertEqual(device.curl("--unix-socket", self.socket, *self.idle_body(device),
                                     "http://localhost/mdm")[1], 400, "no certificate")


class Untrusted(Proxied):
    device_options = {"trusted_proxies": "192.0.2.7, unix"}

    def test_the_plain_port_is_closed_to_whom_nobody_trusts(self):
        device = CurlDevice(self.parts, self.folder / "device")
        device.enrol(self.link())
        result = subprocess.run(["curl", "--silent", "--max-time", "30", f"{self.plain}/mdm"],
                                capture_output=True)
        self.assertIn(result.returncode, (52, 56), "closed without a byte")
        status = device.curl(*self.idle_body(device), "--header", self.forms(device)[1],
                             f"https://localhost:{self.parts.device_port}/mdm")[1]
        self.assertEqual(status, 400, "its header is not read")


class BehindALoadBalancer(Proxied):
    device_options = {"trusted_proxies": "127.0.0.1, unix", "proxy_protocol": True}
    proxied_options = {"proxy_protocol": True}

    def setUp(self):
        super().setUp()
        self.device = CurlDevice(self.parts, self.folder / "device")
        challenge = self.link().rsplit("/", 1)[1]
        # scepclient cannot speak the PROXY protocol; a byte pump in front of it can.
        self.device.obtain_identity(challenge, f"http://127.0.0.1:{self.pump()}/scep")
        put = self.device.curl
        self.device.curl = lambda *words: put("--haproxy-protocol", *words)

    def pump(self):
        """A port whose requests go to the plain port behind a PROXY header of version 1."""
        target = self.parts.ready["proxied_port"]

        class Pump(http.server.BaseHTTPRequestHandler):
            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                connection = http.client.HTTPConnection("127.0.0.1", target)
                connection.connect()
                connection.sock.sendall(b"PROXY TCP4 203.0.113.9 127.0.0.1 50123 80\r\n")
                connection.request(self.command, self.path, body)
                answer = connection.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = pass_on

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Pump)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def test_curl_with_the_proxy_protocol_enrols_and_answers(self):
        self.assertEqual(self.device.authenticate()[1], 200)
        self.assertEqual(self.device.update_token()[1], 200)
        self.exchange(self.device)
        for way in (["--unix-socket", self.socket, "http://localhost/mdm"],
                    [f"{self.plain}/mdm"]):
            other = self.forms(self.device)[1]
            status = self.device.curl(*self.idle_body(self.device), "--header", other, *way)[1]
            # No certificate header is configured but RFC 9440's.
            self.assertEqual(status, 400, way)
            status = self.device.curl(*self.idle_body(self.device), "--header",
                                      other.removeprefix("X-"), *way)[1]
            self.assertEqual(status, 200, way)

    def test_behind_a_header_the_client_itself_is_judged_not_the_load_balancer(self):
        self.assertEqual(self.device.authenticate()[1], 200)
        plain = socket.create_connection(("localhost", self.parts.device_port), timeout=60)
        plain.sendall(b"PROXY TCP4 203.0.113.9 127.0.0.1 50123 443\r\n")
        context = ssl.create_default_context(cafile=str(self.parts.state / "ca.pem"))
        connection = http.client.HTTPConnection("localhost")
        connection.sock = context.wrap_socket(plain, server_hostname="localhost")
        name, value = self.forms(self.device)[1].removeprefix("X-").split(": ", 1)
        connection.request("PUT", "/mdm", plistlib.dumps({"Status": "Idle",
                                                          "UDID": self.device.udid}),
                           {"Content-Type": CONNECT, name: value})
        self.assertEqual(connection.getresponse().status, 400)
        connection.close()
        # The log has a thread of its own.
        wait_until(lambda: any("no_certificate" in line and "203.0.113.9" in line for line in
                               self.parts.daemon.log.read_text().splitlines()),
                   20, "the log to name the client")

    def test_without_the_header_there_is_no_handshake(self):
        result = subprocess.run(
            ["curl", "--silent", "--max-time", "30", "--cacert", self.parts.state / "ca.pem",
             f"https://localhost:{self.parts.device_port}/mdm"], capture_output=True)
        self.assertEqual(result.returncode, 35)


if __name__ == "__main__":
    unittest.main(verbosity=2)
