"""What the tools say of wrong words, of what was done already and of files that do not do."""

import os
import plistlib
import re
import signal
import subprocess
import sys
from pathlib import Path

from support import PRESET, SLOWNESS, EndToEnd, openssl, unittest, wait_until

ROOT = Path(__file__).resolve().parents[2]
SIMULATORS = ("reveille-apns", "reveille-fleet")


class Words(EndToEnd):
    """Nothing runs here but the tool itself."""

    def run_tool(self, program, *words):
        return subprocess.run([program, *map(str, words)], capture_output=True, text=True,
                              timeout=60 * SLOWNESS)

    def test_simulators_end_with_2_when_an_option_is_wrong(self):
        for name in SIMULATORS:
            program = self.parts.binaries / name
            for wrong in (["--nope"], ["--seed", "many"], ["stray"]):
                self.assertEqual(self.run_tool(program, *wrong).returncode, 2, (name, wrong))
            shown = self.run_tool(program, "--help")
            self.assertEqual(shown.returncode, 0)
            self.assertRegex(shown.stdout, r"2 when an option or the scenario is\swrong")

    def test_simulators_print_an_example_under_one_name_and_the_earlier_one(self):
        for name in SIMULATORS:
            program = self.parts.binaries / name
            example = self.run_tool(program, "--print-example-scenario")
            self.assertEqual(example.returncode, 0)
            self.assertIn("[", example.stdout)
            self.assertEqual(self.run_tool(program, "--example-scenario").stdout, example.stdout)
            self.assertEqual(self.run_tool(program, "--help").stdout.count("example-scenario"), 1)

    def test_scripts_explain_themselves_and_refuse_before_they_work(self):
        for script in ("tools/build", "tools/setup", "tools/test", "tools/demo", "bench/run"):
            shown = self.run_tool(ROOT / script, "--help")
            self.assertEqual((shown.returncode, shown.stderr), (0, ""), script)
            self.assertIn(f"\n  {script}", shown.stdout)
        for script in ("tools/build", "tools/setup", "tools/test", "tools/demo", "bench/run"):
            refused = self.run_tool(ROOT / script, "--nope")
            self.assertEqual((refused.returncode, refused.stdout), (2, ""), script)
            self.assertIn("unknown option --nope", refused.stderr)
        for devices in ("0", "100001", "many", ""):
            refused = self.run_tool(ROOT / "tools/demo", "--devices", devices)
            self.assertEqual((refused.returncode, refused.stdout), (2, ""), devices)

    def test_the_operators_tool_names_the_wrong_word_and_the_right_ones(self):
        program = self.parts.binaries / "reveillectl"
        for words, complaint in (
                (["bogus"], '"bogus" is not known; known: enrolments, command, batch, '),
                (["batch", "stop"], '"stop" is not known after "batch"; known: start, list, '),
                (["command"], 'a word is missing after "command"; known: send, show, result, cancel')):
            result = self.run_tool(program, *words)
            self.assertEqual(result.returncode, 2)
            self.assertIn(complaint, result.stderr)
        version = self.run_tool(program, "--version")
        self.assertEqual(version.returncode, 0)
        self.assertEqual(version.stdout,
                         self.run_tool(self.parts.binaries / "reveilled", "--version").stdout)

    @unittest.skipIf(PRESET != "release", "the demonstration runs the release")
    def test_an_interrupted_demonstration_leaves_nothing_behind(self):
        for name in (signal.SIGINT, signal.SIGTERM):
            with open(self.folder / "said", "wb") as said:
                demonstration = subprocess.Popen(
                    [sys.executable, ROOT / "tools/demonstration/demonstration.py", "--once"],
                    stdout=said, stderr=said, env={**os.environ, "TMPDIR": str(self.folder)})
            wait_until(lambda: list(self.folder.glob("reveille-demo.*/push-both.pem")), 60,
                       "a key in the folder")
            demonstration.send_signal(name)
            self.assertNotEqual(demonstration.wait(60), 0)
            self.assertEqual(list(self.folder.glob("reveille-demo.*")), [], name)


class Operator(EndToEnd):
    def tool(self, *words, status=0):
        result = subprocess.run(
            [self.parts.binaries / "reveillectl", "--socket", self.folder / "admin.sock",
             *map(str, words)], capture_output=True, text=True, timeout=60 * SLOWNESS)
        self.assertEqual(result.returncode, status, (words, result.stdout, result.stderr))
        return result.stdout + result.stderr

    def enrol(self, *apns_arguments):
        self.parts.start_all(*apns_arguments)
        # Its answer takes longer than the test.
        self.fleet = self.parts.start_fleet(1, "--connect-delay-ms", 600_000)
        wait_until(lambda: self.fleet.status()["enrolled"] == 1, 60 * SLOWNESS, "a device")
        self.device = self.fleet.ask(do="devices")["devices"][0]

    def other_certificate(self):
        """A push certificate of another topic; returns the files of its parts."""
        self.parts._issue("other", "/UID=com.apple.mgmt.External.other/CN=APSP:other",
                          "extendedKeyUsage=clientAuth")
        return self.folder / "other.pem", self.folder / "other.key"

    def test_a_repeated_command_says_who_had_it_and_another_one_that_its_uuid_is_taken(self):
        self.enrol()
        send = ["command", "send", "DeviceInformation", self.device, "--uuid", "U-1", "--no-push"]
        self.assertIn("queued for 1 of 1 enrolments\npushed", self.tool(*send))
        self.tool("command", "cancel", self.device, "U-1")
        self.assertIn("queued for 0 of 1 enrolments\nalready had it: 1 (cancelled)\n",
                      self.tool(*send))
        for another in (["command", "send", "SecurityInfo", self.device],
                        ["batch", "start", "SecurityInfo", self.device]):
            said = self.tool(*another, "--uuid", "U-1", status=1)
            self.assertIn("it is another command than this", said)
            self.assertNotIn("to try again", said)

    def test_whom_it_does_not_know_it_calls_unknown(self):
        self.enrol()
        self.assertRegex(self.tool("wake", "NOPE", status=1), r"NOPE +no such enrolment\n")
        sent = self.tool("command", "send", "DeviceInformation", "NOPE", status=1)
        self.assertRegex(sent, r"NOPE +no such enrolment\n")

    def test_a_file_that_is_no_command_is_named(self):
        self.enrol()
        file = self.folder / "x.plist"
        for contents, complaint in ((b"hello", "x.plist is not a property list: "),
                                    (plistlib.dumps({"A": 1}), "x.plist is not a command: ")):
            file.write_bytes(contents)
            for words in (["command", "send"], ["batch", "start"]):
                said = self.tool(*words, "--file", file, self.device, status=1)
                self.assertIn(complaint, said)

    def test_a_batch_that_is_done_stays_done_and_is_shown_so(self):
        self.enrol()
        batch = self.parts.ctl("batch", "start", "DeviceInformation", "nobody")["batch_id"]
        wait_until(lambda: self.parts.ctl("batch", "show", batch)["counts"]["done"], 30 * SLOWNESS,
                   "the end of a batch for nobody")
        self.assertIn(f"batch {batch} is done", self.tool("batch", "cancel", batch, status=1))
        shown = self.tool("batch", "show", batch)
        self.assertRegex(shown, r"rate per second +no limit\n")
        self.assertEqual(re.findall(r"^state +(.*)$", shown, re.MULTILINE), ["done"])

    def test_another_topic_is_refused_only_when_somebody_is_enrolled_with_the_one_before(self):
        self.parts.start_all()
        other = self.other_certificate()
        self.tool("push-certificate", "set", *other)
        self.parts.set_push_certificate()
        self.fleet = self.parts.start_fleet(1)
        wait_until(lambda: self.fleet.status()["enrolled"] == 1, 60 * SLOWNESS, "a device")
        said = self.tool("push-certificate", "set", *other, status=1)
        self.assertIn(f"enrolled devices have {self.parts.topic}", said)
        self.tool("push-certificate", "set", *other, "--replace-topic")

    def test_a_certificate_that_is_no_pem_comes_with_the_command_that_makes_it_one(self):
        self.parts.start_all()
        certificate, key = self.other_certificate()
        folder = self.folder / "with space"
        folder.mkdir()
        openssl("x509", "-in", certificate, "-outform", "DER", "-out", folder / "a.cer")
        openssl("pkey", "-in", key, "-outform", "DER", "-out", folder / "a.der")
        openssl("pkey", "-in", key, "-aes256", "-passout", "pass:abcd", "-out", folder / "a.key")
        openssl("pkcs12", "-export", "-in", certificate, "-inkey", key, "-passout", "pass:abcd",
                "-out", folder / "a.p12")
        for name, made, password in (("a.cer", "push.pem", None), ("a.der", "push.key", None),
                                     ("a.key", "push.key", "pass:abcd"),
                                     ("a.p12", "push.pem", "pass:abcd")):
            said = self.tool("push-certificate", "set", folder / name, key, status=1)
            self.assertIn(str(folder / name), said)
            told = re.search(r"with: (openssl .* -out \S+)", said)[1]
            if password:
                told += f" -passin {password}"
            subprocess.run(["sh", "-c", told], cwd=self.folder, check=True, capture_output=True)
            self.assertIn("-----BEGIN ", (self.folder / made).read_text())
        self.tool("push-certificate", "set", self.folder / "push.pem", "--replace-topic")

    def alarm(self, part, figure):
        """What the alarm says once this figure of the status is true."""
        wait_until(lambda: self.parts.ctl("status")[part][figure], 60 * SLOWNESS, figure)
        return re.search(r"^ALARM +(.*)$", self.tool("status"), re.MULTILINE)[1]

    def test_the_alarm_says_that_apns_refuses_the_certificate(self):
        scenario = self.folder / "day.toml"
        scenario.write_text('[always.handshake]\nalert = "certificate_revoked"\n')
        self.enrol("--scenario", scenario)
        self.tool("command", "send", "DeviceInformation", self.device)
        self.assertIn("APNs refuses the push certificate (",
                      self.alarm("apns", "certificate_refused"))

    def test_the_alarm_accuses_no_certificate_when_a_topic_has_none(self):
        self.enrol()
        self.tool("push-certificate", "set", *self.other_certificate(), "--replace-topic")
        self.tool("wake", self.device, status=1)
        self.assertIn("a topic's pushes have stopped: it has no push certificate, or ",
                      self.alarm("wake", "topic_stopped"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
