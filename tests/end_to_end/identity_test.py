"""Who may speak for a device, on connections and TLS sessions that were there before: a revoked
identity is refused at once, in a way that the device survives."""

import http.client
import socket
import ssl
import subprocess
import unittest

from support import CONNECT, CurlDevice, EndToEnd, plistlib, run

SURVIVABLE = 409  # not 401, not 403: the device keeps its profile and comes back


class OpenConnection:
    """Python's client on one kept-alive connection with the device's certificate."""

    def __init__(self, device, version, session=None):
        context = ssl.create_default_context(cafile=str(device.parts.state / "ca.pem"))
        context.minimum_version = context.maximum_version = version
        context.load_cert_chain(device.certificate, device.key)
        self.device, self.context = device, context
        self._connect(session)

    def _connect(self, session):
        plain = socket.create_connection(("localhost", self.device.parts.device_port), timeout=60)
        self.tls = self.context.wrap_socket(plain, server_hostname="localhost", session=session)
        self.connection = http.client.HTTPConnection("localhost")
        self.connection.sock = self.tls

    def resume(self):
        """A new connection on the session of this one; False when the server wanted a full one."""
        session = self.tls.session
        self.connection.close()
        self._connect(session)
        return self.tls.session_reused

    def idle(self):
        message = plistlib.dumps({"Status": "Idle", "UDID": self.device.udid})
        self.connection.request("PUT", "/mdm", message, {"Content-Type": CONNECT})
        response = self.connection.getresponse()
        response.read()
        return response.status


class Revocation(EndToEnd):
    def setUp(self):
        super().setUp()
        self.parts.start_all()
        self.device = CurlDevice(self.parts, self.folder / "device")
        self.device.enrol(self.link())

    def serial(self):
        text = run("openssl", "x509", "-noout", "-serial", "-in", self.device.certificate)
        return text.decode().strip().removeprefix("serial=")

    def refused(self):
        return self.parts.ctl("status")["exchanges"]["refused"]

    def test_a_revoked_certificate_is_refused_on_open_and_on_resumed_connections(self):
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            with self.subTest(version=version):
                device = CurlDevice(self.parts, self.folder / version.name)
                device.enrol(self.link())
                opened = OpenConnection(device, version)
                other = OpenConnection(device, version)
                self.assertEqual((opened.idle(), other.idle()), (200, 200))
                self.assertTrue(other.resume())
                self.assertEqual(other.idle(), 200, "resumed, and in force")

                self.parts.ctl("certificate", "revoke", "--enrolment", device.udid)

                self.assertEqual(opened.idle(), SURVIVABLE)
                self.assertEqual(opened.idle(), SURVIVABLE, "the connection goes on")
                self.assertTrue(other.resume())
                self.assertEqual(other.idle(), SURVIVABLE)
                self.assertEqual(device.connect("Idle")[1], SURVIVABLE)
                self.assertEqual(device.authenticate()[1], SURVIVABLE)

    def test_an_enrolment_that_ended_is_refused_on_a_resumed_session(self):
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            with self.subTest(version=version):
                device = CurlDevice(self.parts, self.folder / version.name)
                device.enrol(self.link())
                connection = OpenConnection(device, version)
                self.assertEqual(connection.idle(), 200)
                self.assertEqual(device.check_in("CheckOut")[1], 200)
                self.assertTrue(connection.resume())
                self.assertEqual(connection.idle(), SURVIVABLE)

    def test_one_is_revoked_by_the_serial_that_openssl_prints_and_a_restart_remembers(self):
        before = self.refused()
        shown = self.parts.ctl("certificate", "show", self.serial())
        self.assertEqual((shown["enrolment"], shown["revoked"]), (self.device.udid, False))

        revoked = self.parts.ctl("certificate", "revoke", self.serial())

        self.assertTrue(revoked["revoked"])
        self.assertEqual(self.device.connect("Idle")[1], SURVIVABLE)
        self.assertEqual(self.refused(), before + 1)
        self.parts.daemon.stop()
        self.parts.start_daemon()
        self.assertEqual(self.device.connect("Idle")[1], SURVIVABLE)
        listed = self.parts.ctl("certificate", "list", "--enrolment", self.device.udid)
        self.assertEqual([one["revoked"] for one in listed["certificates"]], [True])

    def test_a_revoked_identity_renews_nothing_and_a_new_link_brings_the_device_back(self):
        self.parts.ctl("certificate", "revoke", "--enrolment", self.device.udid)
        with self.assertRaises(Exception):
            self.device.obtain_identity("")
        anew = CurlDevice(self.parts, self.folder / "anew")
        anew.udid = self.device.udid

        anew.enrol(self.link())

        self.assertEqual(anew.connect("Idle")[1], 200)

    def test_a_renewed_device_lives_on_when_its_earlier_certificate_is_revoked(self):
        serial = self.serial()
        self.device.obtain_identity("")
        self.parts.ctl("certificate", "revoke", serial)
        self.assertEqual(self.device.connect("Idle")[1], 200)

    def test_openssl_resumes_sessions_of_both_versions(self):
        for version in ("-tls1_3", "-tls1_2"):
            with self.subTest(version=version):
                session = self.folder / f"session{version}"
                first = self.s_client(version, "-sess_out", session)
                second = self.s_client(version, "-sess_in", session)
                self.assertIn("New, TLSv1", first)
                self.assertIn("Reused, TLSv1", second)
                self.assertIn("HTTP/1.1 200", second)

    def s_client(self, *arguments):
        """One Idle; the server closes, as it is asked to, after its ticket and its answer."""
        message = plistlib.dumps({"Status": "Idle", "UDID": self.device.udid})
        head = (f"PUT /mdm HTTP/1.1\r\nHost: localhost\r\nContent-Type: {CONNECT}\r\n"
                f"Content-Length: {len(message)}\r\nConnection: close\r\n\r\n")
        result = subprocess.run(
            ["openssl", "s_client", "-connect", f"localhost:{self.parts.device_port}", "-CAfile",
             self.parts.state / "ca.pem", "-cert", self.device.certificate, "-key", self.device.key,
             "-alpn", "http/1.1", "-ign_eof", *arguments],
            input=head.encode() + message, capture_output=True, timeout=60)
        return result.stdout.decode(errors="replace")


if __name__ == "__main__":
    unittest.main(verbosity=2)
