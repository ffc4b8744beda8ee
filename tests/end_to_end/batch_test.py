"""A batch reaches everyone once, whatever happens meanwhile; and its operator has it in hand."""

import json
import random
import subprocess
import time
import unittest

from support import SLOWNESS, EndToEnd, wait_until

DEVICES = 40
KILLS = 6
SILENT = ("--connect-delay-ms", "600000")  # devices that pushes do not reach


class BatchTest(EndToEnd):
    configuration = {"wake": {"silence_seconds": [1, 2, 4], "coalescing_seconds": 0,
                              "answer_seconds": 2},
                     "batch": {"chunk_enrolments_max": 4}}

    def start_fleet(self, *arguments):
        self.parts.start_all()
        self.fleet = self.parts.start_fleet(
            DEVICES, "--history", self.folder / "history.jsonl", *arguments)
        wait_until(lambda: self.fleet.status()["enrolled"] == DEVICES, 60 * SLOWNESS,
                   "all devices to enrol", self.fleet.require_alive)
        self.devices = self.fleet.ask(do="devices")["devices"]

    def start_batch(self, *arguments, request_type="DeviceInformation"):
        return self.parts.ctl("batch", "start", request_type, *arguments)

    def show(self, batch):
        """The batch; its counts add up whenever one looks."""
        shown = self.parts.ctl("batch", "show", batch["batch_id"])
        counts = shown["counts"]
        ended = sum(counts[end] for end in ("acknowledged", "failed", "cancelled", "expired",
                                            "voided"))
        self.assertEqual(counts["audience"], counts["unexpanded"] + counts["live"] + ended
                         + sum(counts["skipped"].values()), counts)
        return shown

    def counts(self, batch):
        return self.show(batch)["counts"]

    def wait_for(self, batch, key, value, seconds=60):
        wait_until(lambda: self.counts(batch)[key] == value, seconds * SLOWNESS,
                   f"{key} to be {value}", self.fleet.require_alive)

    def events(self, batch, event):
        """The devices that had this event with the batch's command, in their order."""
        lines = (self.folder / "history.jsonl").read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        return [entry["device"] for entry in entries
                if entry["event"] == event and entry.get("command") == batch["command_uuid"]]


class Killed(BatchTest):
    def test_killed_again_and_again_it_reaches_every_device_exactly_once(self):
        self.start_fleet()
        seed = random.SystemRandom().randrange(2**32)
        print(f"seed {seed}")
        dice = random.Random(seed)
        slow = self.start_batch("--all", "--rate", "8")
        by_ids = self.start_batch(*self.devices, "nobody", "--rate", "15",
                                  request_type="SecurityInfo")
        progress = []
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.15, 0.7))
            self.parts.daemon.kill()
            self.parts.start_daemon(60 * SLOWNESS)
            progress.append(self.counts(slow)["audience"])
        self.assertLess(progress[0], DEVICES, "the kills came too late to be in the middle")

        for batch in (slow, by_ids):
            self.wait_for(batch, "acknowledged", DEVICES, 90)
            wait_until(lambda b=batch: self.counts(b)["done"], 30 * SLOWNESS, "the batch's end")
            self.assertEqual(sorted(self.events(batch, "acknowledged")), sorted(self.devices),
                             "each device acknowledged it exactly once")
        self.assertEqual(self.counts(by_ids)["skipped"]["not_found"], 1)
        self.assertEqual(self.fleet.status()["broken"], {})
        counts = self.parts.ctl("status")["counts"]
        self.assertEqual((counts["deliveries_live"], counts["deliveries_acknowledged"]),
                         (0, 2 * DEVICES))

    def test_killed_in_the_middle_of_a_cancel_nothing_is_left_live(self):
        self.start_fleet(*SILENT)
        batch = self.start_batch("--all")
        self.wait_for(batch, "live", DEVICES)
        self.parts.ctl("batch", "cancel", batch["batch_id"])
        self.parts.daemon.kill()
        self.parts.start_daemon(60 * SLOWNESS)
        self.wait_for(batch, "cancelled", DEVICES)
        self.assertEqual(self.counts(batch)["live"], 0)
        self.assertTrue(self.counts(batch)["done"])


class InHand(BatchTest):
    def test_pause_stops_it_within_a_chunk_and_resume_lets_it_go_on(self):
        self.start_fleet()
        batch = self.start_batch("--all", "--rate", "10")
        wait_until(lambda: self.counts(batch)["audience"] >= 3, 20 * SLOWNESS, "a beginning")

        paused = self.parts.ctl("batch", "pause", batch["batch_id"])
        self.assertEqual(paused["state"], "paused")
        at_pause = self.counts(batch)["audience"]
        self.assertLess(at_pause, DEVICES)
        self.wait_for(batch, "acknowledged", at_pause)  # what is queued goes on
        time.sleep(1.5)  # fifteen deliveries' time
        self.assertEqual(self.counts(batch)["audience"], at_pause, "not one more")
        self.parts.daemon.kill()
        self.parts.start_daemon(60 * SLOWNESS)
        time.sleep(0.5)
        self.assertEqual(self.counts(batch)["audience"], at_pause, "nor after a restart")

        self.parts.ctl("batch", "resume", batch["batch_id"])
        self.wait_for(batch, "acknowledged", DEVICES)
        self.assertEqual(sorted(self.events(batch, "acknowledged")), sorted(self.devices))

    def test_cancel_takes_back_what_has_no_answer(self):
        self.start_fleet("--connect-delay-ms", 15_000 * SLOWNESS)
        batch = self.start_batch("--all", "--rate", "20")
        wait_until(lambda: self.counts(batch)["live"] >= 5, 20 * SLOWNESS, "a beginning")
        self.parts.ctl("batch", "cancel", batch["batch_id"])
        wait_until(lambda: self.counts(batch)["done"], 30 * SLOWNESS, "the withdrawal")
        counts = self.counts(batch)
        self.assertEqual(counts["live"], 0)
        self.assertGreaterEqual(counts["cancelled"], 5)
        self.assertEqual(self.parts.ctl("status")["counts"]["deliveries_live"], 0)
        wait_until(lambda: self.fleet.status()["exchanges"] >= counts["cancelled"], 60 * SLOWNESS,
                   "those who were pushed to come")
        self.assertEqual(self.fleet.status()["commands_handed_out"], 0)

    def test_what_expires_is_taken_back_by_itself(self):
        self.start_fleet(*SILENT)
        batch = self.start_batch("--all", "--expires-in", "3")
        self.wait_for(batch, "live", DEVICES)
        self.wait_for(batch, "expired", DEVICES)
        self.assertTrue(self.counts(batch)["done"])


class Urgent(BatchTest):
    # Five pushes a second: what is queued waits for its push, and must be overtaken there.
    configuration = {**BatchTest.configuration,
                     "wake": {**BatchTest.configuration["wake"], "pushes_per_second_max": 5}}

    def test_urgent_overtakes_bulk(self):
        self.start_fleet()
        bulk = self.start_batch("--all")
        wait_until(lambda: self.counts(bulk)["acknowledged"] >= 3, 20 * SLOWNESS, "a beginning")
        waiting = sorted(set(self.devices) - set(self.events(bulk, "acknowledged")))[:8]
        urgent = self.start_batch(*waiting, "--urgent", request_type="SecurityInfo")
        self.wait_for(urgent, "acknowledged", len(waiting))

        # Those eight had both; of the others, a few at most were pushed in between.
        self.assertLess(self.counts(bulk)["acknowledged"], 25)
        entries = [json.loads(line)
                   for line in (self.folder / "history.jsonl").read_text().splitlines()]
        for device in waiting:
            commands = [entry["command"] for entry in entries
                        if entry["device"] == device and entry["event"] == "acknowledged"]
            self.assertEqual(commands, [bulk["command_uuid"], urgent["command_uuid"]],
                             "the order within a queue stays")
        self.wait_for(bulk, "acknowledged", DEVICES)


class Tool(BatchTest):
    def test_the_tool_lists_watches_and_refuses(self):
        self.start_fleet()
        ids = self.folder / "ids.txt"
        ids.write_text("# the first three\n" + "\r\n".join(self.devices[:3]) + "\n\nnobody\n")
        batch = self.start_batch("--ids-file", ids, "--parameter", "Queries:=[\"OSVersion\"]")
        self.assertEqual(batch["audience"], "ids")
        self.wait_for(batch, "acknowledged", 3)
        everyone = self.start_batch("--all", "--kind", "device", request_type="SecurityInfo")
        listed = self.parts.ctl("batch", "list")["batches"]
        self.assertEqual([each["batch_id"] for each in listed],
                         [batch["batch_id"], everyone["batch_id"]])

        binary = self.parts.binaries / "reveillectl"
        socket = self.folder / "admin.sock"
        watched = self.tool(binary, socket, "batch", "show", everyone["batch_id"], "--watch")
        self.assertEqual(watched.returncode, 0, watched.stderr)
        last = watched.stdout.splitlines()[-1]
        self.assertIn(f"done: {DEVICES} of {DEVICES}, 0 live, {DEVICES} acknowledged", last)
        table = self.tool(binary, socket, "batch", "list").stdout
        self.assertIn(everyone["batch_id"], table)
        self.assertIn("ACKNOWLEDGED", table)
        shown = self.tool(binary, socket, "batch", "show", batch["batch_id"]).stdout
        self.assertRegex(shown, r"not found +1\n")
        status = self.tool(binary, socket, "status").stdout
        self.assertRegex(status, r"batches +0 at work")

        missing = self.tool(binary, socket, "batch", "pause", "none")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("none", missing.stderr)
        for wrong in (["start", "DeviceInformation"], ["start"],
                      ["start", "DeviceInformation", "A", "--all"],
                      ["start", "DeviceInformation", "A", "--kind", "user"],
                      ["start", "DeviceInformation", "--all", "--rate", "0"]):
            self.assertEqual(self.tool(binary, socket, "batch", *wrong).returncode, 2, wrong)

    def tool(self, binary, socket, *words):
        return subprocess.run([binary, "--socket", socket, *words], capture_output=True, text=True,
                              timeout=60 * SLOWNESS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
