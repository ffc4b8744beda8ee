"""Devices, an APNs and readers that other people wrote. Our own simulators share our misreadings."""

import base64
import http.client
import http.server
import ssl
import threading
import unittest

from support import (CurlDevice, EndToEnd, Process, command, free_port, operators_request,
                     plistlib, run)


def profile_inside(body):
    """The property list of a signed profile, by openssl."""
    return run("openssl", "cms", "-verify", "-inform", "DER", "-noverify", input=body)


class OtherPeoplesDevices(EndToEnd):
    def setUp(self):
        super().setUp()
        self.parts.start_all()

    def exchange(self, device):
        """Idle -> command -> Acknowledged -> empty, with bytes that nobody may touch."""
        name, body = command("DeviceInformation", Queries=["UDID", "OSVersion"])
        status, answer = operators_request(self.parts, "PUT", f"/v1/enqueue/{device.udid}", body)
        self.assertEqual(status, 200, answer)
        _, status, _, handed = device.connect("Idle")
        self.assertEqual((status, handed), (200, body))
        _, status, _, rest = device.connect("Acknowledged", name,
                                            QueryResponses={"UDID": device.udid})
        self.assertEqual((status, rest), (200, b""))
        self.assertEqual([entry["state"] for entry in self.deliveries(device.udid)],
                         ["acknowledged"])

    def test_curl_with_a_client_certificate_over_http1_enrols_and_answers(self):
        device = CurlDevice(self.parts, self.folder / "device", "--http1.1")
        device.enrol(self.link())
        self.exchange(device)
        self.assertEqual(device.connect("Idle")[0], "1.1")

    def test_curl_with_a_client_certificate_over_http2_enrols_and_answers(self):
        device = CurlDevice(self.parts, self.folder / "device", "--http2")
        device.enrol(self.link())
        self.exchange(device)
        self.assertEqual(device.connect("Idle")[0], "2")

    def test_a_device_that_signs_with_openssl_cms_enrols_and_answers(self):
        device = CurlDevice(self.parts, self.folder / "device", proof="signature")
        device.enrol(self.link())
        self.exchange(device)

    def test_scepclient_renews_its_certificate_and_the_new_one_is_accepted(self):
        device = CurlDevice(self.parts, self.folder / "device")
        device.enrol(self.link())
        first = device.certificate.read_bytes()

        device.obtain_identity("")

        self.assertNotEqual(device.certificate.read_bytes(), first)
        self.assertEqual(device.connect("Idle")[1], 200)

    def test_a_challenge_that_was_spent_gives_no_second_identity(self):
        challenge = self.link().rsplit("/", 1)[1]
        CurlDevice(self.parts, self.folder / "first").obtain_identity(challenge)
        with self.assertRaises(Exception):
            CurlDevice(self.parts, self.folder / "second").obtain_identity(challenge)

    def test_another_devices_certificate_is_refused_and_nothing_unenrols(self):
        first = CurlDevice(self.parts, self.folder / "first")
        second = CurlDevice(self.parts, self.folder / "second")
        first.enrol(self.link())
        second.enrol(self.link())

        second.certificate, second.key = first.certificate, first.key
        status = second.connect("Idle")[1]

        self.assertEqual(status // 100, 4)
        self.assertNotIn(status, (401, 403))

    def test_the_profile_is_read_by_openssl_and_plistlib(self):
        device = CurlDevice(self.parts, self.folder / "device")
        kind, body = device.fetch_profile(self.link())

        profile = plistlib.loads(profile_inside(body))

        self.assertEqual(kind, "application/x-apple-aspen-config")
        payloads = {payload["PayloadType"]: payload for payload in profile["PayloadContent"]}
        self.assertEqual(payloads["com.apple.mdm"]["Topic"], self.parts.topic)
        self.assertEqual(payloads["com.apple.mdm"]["IdentityCertificateUUID"],
                         payloads["com.apple.security.scep"]["PayloadUUID"])
        self.assertEqual(payloads["com.apple.security.scep"]["PayloadContent"]["Keysize"], 2048)

    def test_h2load_gets_an_answer_to_each_of_its_requests(self):
        url = f"https://localhost:{self.parts.device_port}/enrol/none"
        report = run("h2load", "-n", 2000, "-c", 10, "-m", 20, url).decode()

        self.assertRegex(report, r"requests: 2000 total, 2000 started, 2000 done")
        self.assertRegex(report, r"0 errored, 0 timeout")


class FieldSimulator(EndToEnd):
    """The habits of a device simulator that operators use today: profiles only as unsigned XML,
    every message signed instead of client TLS, no Content-Type on connects, the SCEP message
    repeated in the query of its POST, and one push token for all its devices."""

    configuration = {"enrolment": {"sign_profile": False, "sign_message": True}}

    def setUp(self):
        super().setUp()
        self.parts.start_all()
        self.proxy = self.repeating_proxy()

    def repeating_proxy(self):
        """Passes SCEP on, with each POST's message in the query as well, every byte of it escaped."""
        context = ssl.create_default_context(cafile=str(self.parts.state / "ca.pem"))
        port = self.parts.device_port
        longest = []

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.pass_on("GET", self.path, None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message = "".join(f"%{byte:02X}" for byte in base64.b64encode(body))
                self.pass_on("POST", f"{self.path}&message={message}", body)

            def pass_on(self, method, target, body):
                longest.append(len(target))
                connection = http.client.HTTPSConnection("localhost", port, context=context)
                connection.request(method, target, body)
                answer = connection.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.longest = longest
        return f"http://127.0.0.1:{server.server_address[1]}/scep"

    def enrolled(self, name, token):
        device = CurlDevice(self.parts, self.folder / name, proof="signature")
        device.token = token
        _, profile = device.fetch_profile(self.link())
        self.assertTrue(profile.startswith(b"<?xml"))
        payloads = plistlib.loads(profile)["PayloadContent"]
        scep = next(p for p in payloads if p["PayloadType"] == "com.apple.security.scep")
        device.obtain_identity(scep["PayloadContent"]["Challenge"], self.proxy)
        self.assertEqual(device.authenticate()[1], 200)
        self.assertEqual(device.update_token()[1], 200)
        return device

    def test_it_enrols_and_answers_and_shared_tokens_confuse_nobody(self):
        devices = [self.enrolled(name, b"one token for all") for name in ("one", "two")]
        self.assertGreater(max(self.longest), 6000)
        name, body = command("SecurityInfo")
        ids = ",".join(device.udid for device in devices)

        status, answer = operators_request(self.parts, "PUT", f"/v1/enqueue/{ids}", body)

        self.assertEqual(status, 200, answer)
        for device in devices:
            self.assertIn(device.udid.encode(), answer)
            self.assertEqual(device.connect("Idle", content_type="")[3], body)
            _, status, _, rest = device.connect("Acknowledged", name, content_type="")
            self.assertEqual((status, rest), (200, b""))


class OtherPeoplesApns(EndToEnd):
    def test_pushes_go_through_nghttpd(self):
        self.parts.make_apple()
        port = free_port()
        nghttpd = Process("nghttpd", ["nghttpd", "--verbose", "--echo-upload", "--address",
                                      "127.0.0.1", port, self.folder / "apns.key",
                                      self.folder / "apns.pem"], self.folder)
        self.addCleanup(nghttpd.stop)
        self.parts.apns_port = port
        self.parts.start_daemon()
        self.parts.set_push_certificate()
        device = CurlDevice(self.parts, self.folder / "device")
        device.enrol(self.link())
        _, body = command("DeviceInformation")

        status, answer = operators_request(self.parts, "PUT", f"/v1/enqueue/{device.udid}", body)

        self.assertEqual(status, 200, answer)
        log = nghttpd.log.read_text(errors="replace")
        self.assertIn(f":path: /3/device/{device.token.hex()}", log)
        self.assertIn(f"apns-topic: {self.parts.topic}", log)
        self.assertIn("apns-push-type: mdm", log)
        self.assertRegex(log, r"apns-expiration: [0-9]{10}")
        self.assertRegex(log, r"apns-id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-")


if __name__ == "__main__":
    unittest.main(verbosity=2)
