"""How reveilled starts, and how it does not: what it then says, and that it ends at once."""

import socket
import subprocess

from support import EndToEnd, unittest


class Start(EndToEnd):
    def setUp(self):
        super().setUp()
        self.parts.apns_port = 9  # nothing is pushed here
        self.file = self.parts.write_configuration(0)

    def run_reveilled(self, *arguments):
        return subprocess.run([self.parts.binaries / "reveilled", "--config", self.file, *arguments],
                              capture_output=True, text=True, timeout=60)

    def test_the_check_names_file_line_and_option_of_a_file_that_does_not_do(self):
        lines = self.file.read_text().splitlines()
        line = lines.index("[operators]") + 2
        lines.insert(line - 1, 'certificate_file = "lost.pem"\nkey_file = "lost.key"')
        self.parts.make_apple()  # the anchors
        self.assertEqual(self.run_reveilled("--check-config").stdout, "OK\n")
        self.file.write_text("\n".join(lines))
        checked = self.run_reveilled("--check-config")
        started = self.run_reveilled()
        for result in (checked, started):
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"{self.file}:{line}: operators.certificate_file", result.stderr)
            self.assertIn("lost.pem", result.stderr)

    def test_a_start_that_fails_says_why_and_stops_nothing_that_never_ran(self):
        self.parts.make_apple()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.parts.configuration = {"operators": {"port": port}}
            self.file = self.parts.write_configuration(0)
            result = self.run_reveilled()
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"127.0.0.1 port {port}: Address already in use", result.stderr)
        self.assertNotIn('"stopping"', result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
