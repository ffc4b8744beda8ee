"""The parts of a whole reveille on one machine: a development Apple, the daemon, a fleet.

Used by tools/demo and by the end-to-end tests. Everything lives in one folder, listens on loopback
and free ports, and is stopped by pid.
"""

import json
import os
import random
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """Something that a person should read: what went wrong, and where its log is."""


def wait_until(condition, seconds, what, alive=lambda: None):
    """Polls `condition` until it is true and returns its value; `alive` may raise in between."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        alive()
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def openssl(*arguments, **options):
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True, **options)
    if result.returncode != 0:
        raise Failed(f"openssl {arguments[0]}: {result.stderr.strip()}")
    return result.stdout


class Process:
    """A child with a log file; ends with its owner."""

    def __init__(self, name, arguments, folder, environment=None):
        self.name = name
        self.log = folder / f"{name}.log"
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                [str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, env={**os.environ, **(environment or {})})

    def require_alive(self):
        status = self.child.poll()
        if status is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise Failed(f"{self.name} ended with status {status}; {self.log} says:\n{tail}")

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self, seconds=20):
        """SIGTERM, then SIGKILL when it does not listen; returns the exit status."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.child.returncode


class Fleet(Process):
    """reveille-fleet and its control socket."""

    def __init__(self, binaries, folder, arguments):
        self.control = folder / "fleet.sock"
        super().__init__("reveille-fleet",
                         [binaries / "reveille-fleet", "--quiet", "--json", "--control-socket",
                          self.control, *arguments], folder)
        try:
            wait_until(self.control.exists, 60, "reveille-fleet to make its keys",
                       self.require_alive)
        except BaseException:  # also Ctrl-C: nobody else knows of the process yet
            self.stop()
            raise

    def ask(self, **request):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.control))
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = connection.recv(1 << 20)
                if not piece:
                    raise Failed("reveille-fleet closed its control socket")
                answer += piece
        return json.loads(answer)

    def status(self):
        self.require_alive()
        return self.ask(do="status")


class Parts:
    """One Apple, one daemon, any number of fleets, in `folder`."""

    def __init__(self, folder, preset="release", configuration=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.binaries = ROOT / "build" / preset / "bin"
        self.state = self.folder / "state"
        self.configuration = configuration or {}
        self.topic = f"com.apple.mgmt.External.{uuid.uuid4()}"
        self.notify_socket = self.folder / "pushes.sock"
        self.apns = self.daemon = None
        self.device_port = 0
        self.fleets = []
        self.operators_key = "demonstration-operators-key"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- a development Apple ----

    def make_apple(self):
        """Makes an authority, a server certificate for reveille-apns and a push certificate."""
        folder = self.folder
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", folder / "apple.key", "-out", folder / "apple.pem", "-days", "30",
                "-subj", "/CN=Development Apple")
        self._issue("apns", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self._issue("push", f"/UID={self.topic}/CN=APSP:development", "extendedKeyUsage=clientAuth")
        (folder / "push-both.pem").write_text(
            (folder / "push.pem").read_text() + (folder / "push.key").read_text())
        os.chmod(folder / "push-both.pem", 0o600)

    def _issue(self, name, subject, extension):
        folder = self.folder
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                folder / f"{name}.key", "-out", folder / f"{name}.csr", "-subj", subject)
        (folder / f"{name}.ext").write_text(extension + "\n")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "apple.pem", "-CAkey",
                folder / "apple.key", "-CAcreateserial", "-days", "20", "-extfile",
                folder / f"{name}.ext", "-out", folder / f"{name}.pem")

    def start_apns(self, *arguments):
        port_file = self.folder / "apns.port"
        port_file.unlink(missing_ok=True)
        self.apns = Process("reveille-apns", [
            self.binaries / "reveille-apns", "--certificate", self.folder / "apns.pem", "--key",
            self.folder / "apns.key", "--port", free_port(), "--port-file", port_file, "--notify-socket",
            self.notify_socket, "--report-file", self.folder / "apns.json", "--json", *arguments],
            self.folder)
        wait_until(port_file.exists, 20, "reveille-apns to listen", self.apns.require_alive)
        self.apns_port = int(port_file.read_text())

    # ---- the daemon ----

    def write_configuration(self, device_port):
        sections = {
            "state": {"folder": str(self.state)},
            "device": {"listen_address": "127.0.0.1", "port": device_port,
                       "public_url": f"https://localhost:{device_port}"},
            "operators": {"listen_address": "127.0.0.1", "port": 0,
                          "api_key": self.operators_key},
            "admin": {"socket_path": str(self.folder / "admin.sock")},
            "apns": {"host": "localhost", "port": self.apns_port,
                     "anchors_file": str(self.folder / "apple.pem")},
            "log": {"format": "json"},
        }
        for section, values in self.configuration.items():
            sections.setdefault(section, {}).update(values)
        lines = []
        for section, values in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
            lines.append("")
        path = self.folder / "reveille.toml"
        path.write_text("\n".join(lines))
        os.chmod(path, 0o600)
        return path

    def start_daemon(self, seconds=60):
        if self.device_port == 0:
            self.device_port = free_port()
        ready = self.state / "reveilled.json"
        ready.unlink(missing_ok=True)
        configuration = self.write_configuration(self.device_port)
        self.daemon = Process("reveilled", [self.binaries / "reveilled", "--config", configuration],
                              self.folder)
        wait_until(ready.exists, seconds, "reveilled to be ready", self.daemon.require_alive)
        self.ready = json.loads(ready.read_text())

    def ctl(self, *arguments, check=True):
        """reveillectl with --json; returns what it printed, parsed."""
        result = subprocess.run(
            [self.binaries / "reveillectl", "--socket", self.folder / "admin.sock", "--json",
             *[str(argument) for argument in arguments]], capture_output=True, text=True)
        if check and result.returncode != 0:
            raise Failed(f"reveillectl {' '.join(map(str, arguments[:3]))}: "
                         f"{result.stderr.strip() or result.stdout.strip()}")
        return json.loads(result.stdout) if result.stdout.strip() else None

    def set_push_certificate(self):
        return self.ctl("push-certificate", "set", self.folder / "push-both.pem")

    def start_fleet(self, count, *arguments, name="links"):
        """Starts a fleet of `count` devices; it enrols by itself."""
        links = self.ctl("enrolment-link", "--count", count)["links"]
        path = self.folder / f"{name}.txt"
        path.write_text("".join(link["url"] + "\n" for link in links))
        os.chmod(path, 0o600)
        fleet = Fleet(self.binaries, self.folder, [
            "--links", path, "--authority", self.state / "ca.pem", "--notify-socket",
            self.notify_socket, *arguments])
        self.fleets.append(fleet)
        return fleet

    def start_all(self, *apns_arguments):
        self.make_apple()
        self.start_apns(*apns_arguments)
        self.start_daemon()
        self.set_push_certificate()

    def stop(self):
        """Stops what runs, the fleet first; returns the exit statuses by name."""
        running = [*self.fleets, self.daemon, self.apns]
        return {part.name: part.stop() for part in running if part is not None}


reserved = []  # sockets of another protocol, whose ports tell other processes which ones we gave away


def free_port():
    """A port that nobody listens on, nor is about to: outside the range from which connections take
    theirs, and given away once, also when others run at the same time."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(max(1024, lowest - 12_000), max(2048, lowest))
        mark = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                mark.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                mark.close()
                continue
        reserved.append(mark)
        return port
