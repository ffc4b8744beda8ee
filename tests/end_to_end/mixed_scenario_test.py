"""Every kind of enrolment, every message and every odd answer at once: nothing is broken.

REVEILLE_MIXED_DEVICES says how many devices enrol; their users come on top. Nobody leaves without a
word here, so that every queue has to be empty in the end.
"""

import hashlib
import http.server
import json
import os
import threading
import unittest
import uuid

from support import PRESET, SLOWNESS, EndToEnd, openssl, wait_until

DEVICES = int(os.environ.get("REVEILLE_MIXED_DEVICES", "60" if PRESET == "tsan" else "310"))
COMMANDS = ["SecurityInfo", "DeviceInformation", "ProfileList", "InstalledApplicationList"]
PATIENCE = 60 + DEVICES // 20

SCENARIO = """
[devices]
phones = 45
macs = 22
shared_ipads = 8
account_driven_phones = 8
account_driven_macs = 4
user_enrolled_phones = 9
user_enrolled_macs = 4

[users]
network_rate = 0.4
password = "simulated"
wrong_password_rate = 0.2

[setup]
awaiting_rate = 0.4
user_configuration_rate = 0.3

[answers]
not_now_rate = 0.15
fail_rate = 0.05
format_error_rate = 0.03
repeated_rate = 0.1
late_rate = 0.05
forgotten_rate = 0.05
unknown_rate = 0.05
not_now_after_end_rate = 0.05
large_rate = 0.03
large_kibibytes = 1024

[errands]
token_update_rate = 0.05
renewal_rate = 0.05
restore_rate = 0.05
enrol_again_rate = 0.03
bootstrap_token_rate = 0.2
token_rate = 0.05
declarations_rate = 0.05
login_rate = 0.2
waiting_login_rate = 0.2
return_to_service_rate = 0.05
check_out_rate = 0.01
return_rate = 0.7

[server]
users_policy = "digest"
maid = true
watch_pairing = true
declarations = true
return_to_service = true
"""


class Declarations(http.server.BaseHTTPRequestHandler):
    """A declaration server with nothing to declare."""

    protocol_version = "HTTP/1.1"
    answers = {
        "tokens": {"SyncTokens": {"Timestamp": "2026-01-31T12:00:00Z", "DeclarationsToken": "1"}},
        "declaration-items": {"Declarations": {"Activations": [], "Assets": [],
                                               "Configurations": [], "Management": []},
                              "DeclarationsToken": "1"},
    }

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        endpoint = self.path.strip("/")
        body = json.dumps(self.answers[endpoint]).encode() if endpoint in self.answers else b""
        self.send_response(200 if body or endpoint == "status" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


class MixedScenario(EndToEnd):
    def setUp(self):
        super().setUp()
        server = Server(("127.0.0.1", 0), Declarations)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
                self.folder / "maid.key")
        digests = [f"fleet-user-{n}:reveille:" + hashlib.md5(
            f"fleet-user-{n}:reveille:simulated".encode()).hexdigest() for n in range(1, 17)]
        (self.folder / "digests").write_text("\n".join(digests) + "\n")
        (self.folder / "wifi").write_bytes(b"a profile")
        self.parts.configuration = {
            "users": {"policy": "digest", "digest_file": str(self.folder / "digests")},
            "tokens": {"maid_server_uuid": "0f1e2d3c-0000-4000-8000-000000000000",
                       "maid_key_file": str(self.folder / "maid.key"), "watch_pairing": True},
            "return_to_service": {"enabled": True, "wifi_profile_file": str(self.folder / "wifi")},
            "declarations": {"url": f"http://127.0.0.1:{server.server_port}/"},
            # Silence and promises are short, so that the end comes soon; a large fleet, which
            # talks 64 at a time, needs longer before it is worth asking again.
            "wake": {"silence_seconds": [2 + DEVICES // 200, 8 + DEVICES // 100], "retry_first_seconds": 1,
                     "coalescing_seconds": 1, "answer_seconds": 10 * SLOWNESS,
                     "not_now_promised_seconds": 20, "not_now_unpromised_seconds": 1},
        }
        self.parts.start_all()
        (self.folder / "scenario.toml").write_text(SCENARIO)

    def test_every_kind_of_device_in_every_mood_breaks_nothing(self):
        # Links to spare: devices that have gone come back.
        fleet = self.parts.start_fleet(
            DEVICES + DEVICES // 5, "--devices", DEVICES, "--scenario",
            self.folder / "scenario.toml", "--history", self.folder / "history", "--not-now-poll-ms",
            "300", "--http", "2", "--seed", "7")
        wait_until(lambda: fleet.status()["enrolled"] == DEVICES, PATIENCE * SLOWNESS,
                   "all devices to enrol", fleet.require_alive)
        fleet.ask(do="hold")
        wait_until(lambda: self.parts.ctl("status")["counts"]["enrolments_pending"] == 0, PATIENCE,
                   "all TokenUpdates")
        configured = self.let_out_of_setup(fleet)
        for request_type in COMMANDS:
            self.send(request_type, "--all")
        for device in fleet.ask(do="devices", first=0, count=8)["devices"]:
            self.send("EraseDevice", device)
        fleet.ask(do="release")

        def settled():
            counts = self.parts.ctl("status")["counts"]
            if not fleet.status()["at_rest"] or counts["deliveries_live"] != 0:
                return False
            # Those who came back, or began anew, wait again.
            return not self.let_out_of_setup(fleet)

        wait_until(settled, 2 * PATIENCE * SLOWNESS, "all queues to be empty", fleet.require_alive)
        status = fleet.status()
        print(json.dumps(status))
        self.assertEqual(status["broken"], {}, status["broken_first"])
        self.assert_all_of_it_happened(status)
        self.assertEqual(status["in_setup_now"], 0)
        self.assert_configured_last(configured)

    def let_out_of_setup(self, fleet):
        """Ends Setup Assistant for all whom the server knows to wait; returns the commands by
        enrolment."""
        listed = self.parts.ctl("enrolments", "list", "--limit", 1_000_000)["enrolments"]
        waiting = [enrolment for enrolment in listed
                   if enrolment["awaiting_configuration"] and enrolment["state"] == "enrolled"]
        commands = {}
        for request_type, is_user in (("DeviceConfigured", False), ("UserConfigured", True)):
            ids = [each["id"] for each in waiting if (":" in each["id"]) == is_user]
            if not ids:
                continue
            name = str(uuid.uuid4()).upper()
            self.send(request_type, *ids, "--uuid", name)
            commands.update({enrolment: name for enrolment in ids})
        return commands

    def assert_configured_last(self, configured):
        """It was queued before everything else, and handed out after it."""
        ended, first = {}, {}
        for line in (self.folder / "history").read_text().splitlines():
            event = json.loads(line)
            device = event["device"]
            if event["event"] == "enrolled":
                ended[device] = device in first  # a second life: what is queued later is another's
            if event["event"] != "handed_out" or ended.get(device):
                continue
            first.setdefault(device, [])
            if event["command"] not in first[device]:
                first[device].append(event["command"])
        heard = {device: uuids for device, uuids in first.items()
                 if configured.get(device) in uuids}
        self.assertGreater(len(heard), 0)
        for device, uuids in heard.items():
            if len(uuids) > 1:
                self.assertEqual(uuids[-1], configured[device], device)
        self.assertGreater(sum(len(uuids) == 1 + len(COMMANDS) for uuids in heard.values()), 0)

    def send(self, *arguments):
        """Between its Authenticate and its TokenUpdate a device is not enrolled, and gets nothing."""
        sent = self.parts.ctl("command", "send", *arguments, check=False)
        for enrolment, failed in (sent.get("failed") or {}).items():
            self.assertEqual(failed.get("command_error"), "not enrolled", enrolment)

    def assert_all_of_it_happened(self, status):
        self.assertEqual(len(status["kinds"]), 7)
        if DEVICES < 300:
            return  # what happens to one in twenty need not happen to a few
        for what in ("user_channels", "logins", "renewals", "restores", "enrolled_again",
                     "awaiting", "configured", "user_setups", "waiting_logins",
                     "return_to_service", "returned", "token_updates", "bootstrap_tokens",
                     "tokens", "declarations", "repeated_answers", "late_answers", "forgotten_answers", "unknown_answers",
                     "late_not_nows", "large_results", "erased", "acknowledged", "errors", "not_now"):
            self.assertGreater(status[what], 0, what)


if __name__ == "__main__":
    unittest.main(verbosity=2)
