"""reveille-apns before other people's HTTP/2 clients: curl, nghttp, h2load and, where it is, Python's h2.

The simulator speaks HTTP/2 by itself, and our own client could share its mistakes.
"""

import re
import socket
import ssl
import unittest
import uuid

from support import EndToEnd, json, run

try:
    import h2.config
    import h2.connection
    import h2.events
except ImportError:
    h2 = None

TOKEN = "00ff" * 16
BODY = b'{"mdm":"4C8B6A0E-1F2D-4A0B-9A3E-0B1D9A52AA11"}'


class OtherClients(EndToEnd):
    def start(self, scenario="", *arguments):
        (self.folder / "day.toml").write_text(scenario)
        (self.folder / "body").write_bytes(BODY)
        self.parts.make_apple()
        self.parts.start_apns("--scenario", self.folder / "day.toml", *arguments)
        self.url = f"https://localhost:{self.parts.apns_port}/3/device/"

    def headers(self, **others):
        return {"apns-topic": self.parts.topic, "apns-push-type": "mdm", "apns-priority": "10",
                "apns-expiration": "1893456000", "apns-id": str(uuid.uuid4()), **others}

    def options(self, flag, headers):
        return [word for name, value in headers.items() for word in (flag, f"{name}: {value}")]

    def report(self):
        self.parts.apns.stop()
        return json.loads((self.folder / "apns.json").read_text())


class Curl(OtherClients):
    def push(self, token, headers, certificate=True):
        identity = ["--cert", self.folder / "push.pem", "--key", self.folder / "push.key"]
        written = run("curl", "--silent", "--show-error", "--http2", "--max-time", 20, "--cacert",
                      self.folder / "apple.pem", *(identity if certificate else []), "--data-binary",
                      f"@{self.folder / 'body'}", "--header", "content-type:",
                      *self.options("--header", headers), "--dump-header", self.folder / "head",
                      "--write-out", "\n%{http_version} %{http_code}", self.url + token).decode()
        body, _, status = written.rpartition("\n")
        return status, body, (self.folder / "head").read_text()

    def test_it_reads_answers_with_and_without_a_body(self):
        self.start('[[always.push]]\ndo = "answer"\ntokens = ["bb*"]\nreason = "TooManyRequests"\n'
                   "retry_after_seconds = 7\n")
        headers = self.headers()
        status, body, head = self.push(TOKEN, headers)
        self.assertEqual((status, body), ("2 200", ""))
        self.assertIn(f"apns-id: {headers['apns-id']}", head)

        status, body, head = self.push("bb" * 32, self.headers())
        self.assertEqual((status, json.loads(body)), ("2 429", {"reason": "TooManyRequests"}))
        self.assertIn("retry-after: 7", head)
        status, body, _ = self.push("XYZ", self.headers())
        self.assertEqual((status, json.loads(body)), ("2 400", {"reason": "BadDeviceToken"}))
        status, body, _ = self.push(TOKEN, self.headers(), certificate=False)
        self.assertEqual((status, json.loads(body)), ("2 403", {"reason": "MissingProviderToken"}))

    def test_a_revoked_certificate_is_told_by_an_alert(self):
        self.start('[always.handshake]\nalert = "certificate_revoked"\n')
        with self.assertRaisesRegex(Exception, "revoked"):
            self.push(TOKEN, self.headers())
        self.assertGreaterEqual(self.report()["handshakes_failed"], 1)


class Nghttp2(OtherClients):
    def nghttp(self):
        return run("nghttp", "--verbose", "--no-dep", f"--data={self.folder / 'body'}",
                   *[f"--header={name}: {value}" for name, value in self.headers().items()],
                   self.url + TOKEN).decode()

    def test_nghttp_is_told_the_settings_and_gets_its_answer(self):
        self.start("[always.settings]\nstreams_max = 77\n", "--assume-topic", self.parts.topic)
        log = re.sub(r"\x1b\[[0-9;]*m", "", self.nghttp())
        self.assertIn("SETTINGS_MAX_CONCURRENT_STREAMS(0x03):77", log)
        self.assertIn(":status: 200", log)
        self.assertEqual(self.report()["accepted"], 1)

    def h2load(self, requests, clients, streams):
        uris = self.folder / "uris"
        uris.write_text("".join(f"{self.url}{number:064x}\n" for number in range(1_000)))
        headers = self.headers()
        del headers["apns-id"]  # it would be the same for all
        log = run("h2load", f"--requests={requests}", f"--clients={clients}",
                  f"--max-concurrent-streams={streams}", f"--input-file={uris}",
                  f"--data={self.folder / 'body'}",
                  *[f"--header={name}: {value}" for name, value in headers.items()]).decode()
        self.assertIn(f"{requests} succeeded, 0 failed, 0 errored, 0 timeout", log)
        report = self.report()
        self.assertEqual(report["accepted"], requests)
        self.assertEqual(report["connections"], clients)
        self.assertEqual(report["broken_rules"], {})
        return report

    def test_h2load_keeps_hundreds_of_streams_busy(self):
        self.start("[always.latency]\nuniform_ms = [0, 3]\n", "--assume-topic", self.parts.topic)
        report = self.h2load(20_000, 4, 250)
        self.assertEqual(report["tokens_accepted"], 1_000)
        self.assertGreater(report["streams_most"], 100)

    def test_h2load_sends_its_bodies_in_pieces_through_small_windows(self):
        self.start('[always.settings]\nstream_window_bytes = 7\nwindow_updates = "late"\n'
                   "window_update_delay_ms = 2\n", "--assume-topic", self.parts.topic)
        self.h2load(400, 1, 40)


@unittest.skipIf(h2 is None, "Python's h2 is not installed")
class PythonH2(OtherClients):
    """h2 raises ProtocolError at whatever a server may not send."""

    def dial(self):
        context = ssl.create_default_context(cafile=self.folder / "apple.pem")
        context.load_cert_chain(self.folder / "push.pem", self.folder / "push.key")
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("localhost", self.parts.apns_port), timeout=20)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(self.socket.close)
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.http.initiate_connection()
        self.events = []
        self.socket.sendall(self.http.data_to_send())

    def push(self, token=TOKEN):
        stream = self.http.get_next_available_stream_id()
        self.http.send_headers(stream, [(":method", "POST"), (":scheme", "https"),
                                        (":authority", "localhost"), (":path", f"/3/device/{token}"),
                                        *self.headers().items()])
        self.http.send_data(stream, BODY, end_stream=True)
        self.socket.sendall(self.http.data_to_send())
        return stream

    def read_until(self, kind, count=1):
        """All events until so many of a kind came, or the end."""
        while sum(isinstance(event, kind) for event in self.events) < count:
            data = self.socket.recv(65_536)
            if not data:
                break
            self.events += self.http.receive_data(data)
            self.socket.sendall(self.http.data_to_send())
        return [event for event in self.events if isinstance(event, kind)]

    def test_hundreds_of_answers_of_all_kinds_are_well_formed(self):
        self.start('[[always.push]]\ndo = "answer"\nrate = 0.3\nreason = "ServiceUnavailable"\n'
                   '[[always.push]]\ndo = "reset"\nrate = 0.1\n'
                   '[[always.push]]\ndo = "refuse"\nrate = 0.1\n')
        self.dial()
        self.read_until(h2.events.RemoteSettingsChanged)
        for number in range(400):
            self.push(f"{number:064x}")
        self.http.ping(b"reveille")
        self.socket.sendall(self.http.data_to_send())
        self.read_until(h2.events.PingAckReceived)
        ended = (h2.events.StreamEnded, h2.events.StreamReset)
        self.assertEqual(len(self.read_until(ended, 400)), 400)
        self.assertGreater(len(self.read_until(h2.events.StreamReset)), 40)
        self.assertEqual(self.report()["broken_rules"], {})

    def test_a_goaway_has_its_last_stream_and_its_reason(self):
        # h2 takes no answer behind a GOAWAY, so they come much later.
        self.start('[always.goaway]\nafter_streams = 3\nreason = "Shutdown"\n'
                   "[always.latency]\nfixed_ms = 2000\n")
        self.dial()
        for _ in range(3):
            self.push()
        goaway = self.read_until(h2.events.ConnectionTerminated)[0]
        self.assertEqual(goaway.last_stream_id, 5)
        self.assertEqual(json.loads(goaway.additional_data), {"reason": "Shutdown"})

    def test_limits_that_change_are_told_on_the_open_connection(self):
        self.start("[[phase]]\nduration_seconds = 0.5\n[[phase]]\n[phase.settings]\n"
                   "streams_max = 3\nstream_window_bytes = 20\n")
        self.dial()
        self.read_until(h2.events.RemoteSettingsChanged, 2)
        self.assertEqual(self.http.remote_settings.max_concurrent_streams, 3)
        self.assertEqual(self.http.remote_settings.initial_window_size, 20)


if __name__ == "__main__":
    unittest.main(verbosity=2)
