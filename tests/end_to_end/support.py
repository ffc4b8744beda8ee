"""What the end-to-end tests share: the parts of a reveille, and a device made of other programs."""

import base64
import http.client
import json
import os
import plistlib
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "demonstration"))
from parts import Failed, Parts, Process, free_port, openssl, wait_until  # noqa: E402,F401

PRESET = os.environ.get("REVEILLE_PRESET", "release")
# Sanitizers make everything slower; deadlines stretch with them, expectations do not.
SLOWNESS = 1 if PRESET in ("release", "dev") else 4

CHECK_IN = "application/x-apple-aspen-mdm-checkin"
CONNECT = "application/x-apple-aspen-mdm"


class EndToEnd(unittest.TestCase):
    """Gives each test a folder, and the parts in it, stopped at the end whatever happens."""

    configuration = {}

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="reveille-test."))
        self.parts = Parts(self.folder, PRESET, self.configuration)
        self.addCleanup(self.clean_up)

    def clean_up(self):
        statuses = self.parts.stop()
        failed = [name for name, status in statuses.items() if name == "reveilled" and status != 0]
        outcome = self._outcome.result
        bad = failed or outcome.errors or outcome.failures
        if bad:
            for log in sorted(self.folder.glob("*.log")):
                print(f"---- {log.name}\n{log.read_text(errors='replace')[-6000:]}")
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)
        self.assertEqual(failed, [], "reveilled did not end in order")

    def link(self):
        return self.parts.ctl("enrolment-link")["links"][0]["url"]

    def deliveries(self, device):
        return self.parts.ctl("enrolments", "show", device)["deliveries"]


def run(*arguments, accepted=(0,), **options):
    result = subprocess.run([str(argument) for argument in arguments], capture_output=True,
                            timeout=120, **options)
    if result.returncode not in accepted:
        raise Failed(f"{arguments[0]}: {result.stderr.decode(errors='replace')[-2000:]}")
    return result.stdout


def operators_request(parts, method, target, body=None, key=None):
    """One request to the operators' port; returns (status, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", parts.ready["operators_port"], timeout=60)
    secret = f"nanomdm:{parts.operators_key if key is None else key}"
    headers = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
    try:
        connection.request(method, target, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def command(request_type, **keys):
    """A command as an operator writes one; returns (uuid, bytes)."""
    name = str(uuid.uuid4()).upper()
    return name, plistlib.dumps(
        {"CommandUUID": name, "Command": {"RequestType": request_type, **keys}})


class CurlDevice:
    """A device made of curl and openssl: someone else's HTTP, TLS and CMS."""

    def __init__(self, parts, folder, http="--http1.1", proof="certificate"):
        self.parts, self.folder, self.http, self.proof = parts, Path(folder), http, proof
        self.folder.mkdir(parents=True, exist_ok=True)
        self.udid = str(uuid.uuid4()).upper()
        self.token = os.urandom(32)
        self.magic = str(uuid.uuid4()).upper()
        self.key, self.certificate = self.folder / "key.pem", self.folder / "identity.pem"

    def curl(self, *arguments):
        """Returns (HTTP version, status, content type, body). By HTTP/2 curl 7.88 calls it an
        error (92), and has status 0, when the answer comes before all of the request is sent."""
        body = self.folder / "answer"
        body.unlink(missing_ok=True)
        written = run("curl", "--silent", "--show-error", "--max-time", 60, "--cacert",
                      self.parts.state / "ca.pem", self.http, "--output", body, "--write-out",
                      "%{http_version} %{http_code} %{content_type}", *arguments,
                      accepted=(0, 92)).decode()
        version, status, kind = (written.split(" ", 2) + [""])[:3]
        return version, int(status), kind, body.read_bytes() if body.exists() else b""

    def fetch_profile(self, link):
        _, status, kind, body = self.curl(link)
        if status != 200:
            raise Failed(f"profile: {status} {body!r}")
        return kind, body

    def obtain_identity(self, challenge, url=None):
        """By scepclient; again with the same files, it renews."""
        url = url or f"https://localhost:{self.parts.device_port}/scep"
        environment = {**os.environ, "SSL_CERT_FILE": str(self.parts.state / "ca.pem")}
        run("scepclient", "-server-url", url, "-challenge", challenge, "-private-key", self.key,
            "-certificate", self.certificate, "-cn", self.udid, cwd=self.folder, env=environment)

    def put(self, content_type, message, path="/mdm"):
        return self.put_bytes(content_type, plistlib.dumps(message), path)

    def put_bytes(self, content_type, message, path="/mdm", signed=None):
        """`signed`: what the signature is of, when it is of something else."""
        body = self.folder / "request.plist"
        body.write_bytes(message)
        arguments = ["--request", "PUT", "--data-binary", f"@{body}", "--header",
                     f"Content-Type: {content_type}" if content_type else "Content-Type:"]
        if self.proof == "certificate":
            arguments += ["--cert", self.certificate, "--key", self.key]
        else:
            signature, to_sign = self.folder / "signature.der", self.folder / "to_sign"
            to_sign.write_bytes(message if signed is None else signed)
            run("openssl", "cms", "-sign", "-binary", "-md", "sha256", "-signer", self.certificate,
                "-inkey", self.key, "-outform", "DER", "-in", to_sign, "-out", signature)
            encoded = base64.b64encode(signature.read_bytes()).decode()
            arguments += ["--header", f"Mdm-Signature: {encoded}"]
        return self.curl(*arguments, f"https://localhost:{self.parts.device_port}{path}")

    def begin_upload(self, content_type, beginning, length, path="/mdm"):
        """Sends as much of a body and no more; returns the connection."""
        context = ssl.create_default_context(cafile=str(self.parts.state / "ca.pem"))
        context.load_cert_chain(self.certificate, self.key)
        plain = socket.create_connection(("localhost", self.parts.device_port), timeout=60)
        connection = context.wrap_socket(plain, server_hostname="localhost")
        connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}"
                           f"\r\nContent-Length: {length}\r\n\r\n".encode() + beginning)
        return connection

    def check_in(self, message_type, **keys):
        return self.put(CHECK_IN, {"MessageType": message_type, "UDID": self.udid,
                                   "Topic": self.parts.topic, **keys})

    def authenticate(self):
        return self.check_in("Authenticate", OSVersion="18.1", BuildVersion="22B83",
                             ProductName="iPhone16,1", SerialNumber="CURL00000001")

    def update_token(self):
        return self.check_in("TokenUpdate", Token=self.token, PushMagic=self.magic)

    def connect(self, status, command_uuid=None, content_type=CONNECT, **keys):
        message = {"Status": status, "UDID": self.udid, **keys}
        if command_uuid:
            message["CommandUUID"] = command_uuid
        return self.put(content_type, message)

    def enrol(self, link):
        self.obtain_identity(link.rsplit("/", 1)[1])
        for answer in (self.authenticate(), self.update_token()):
            if answer[1] != 200:
                raise Failed(f"enrolment: {answer}")


__all__ = ["CHECK_IN", "CONNECT", "SLOWNESS", "PRESET", "CurlDevice", "EndToEnd", "Failed", "Parts",
           "Process", "command", "free_port", "json", "openssl", "operators_request", "plistlib",
           "run", "socket", "unittest", "wait_until"]
