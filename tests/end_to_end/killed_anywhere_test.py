"""reveilled is killed at random instants under load, and keeps every promise that it has given."""

import http.client
import json
import random
import threading
import time
import unittest

from support import SLOWNESS, EndToEnd, command, operators_request, wait_until

KILLS = 20
DEVICES = 40


class KilledAnywhere(EndToEnd):
    configuration = {"wake": {"silence_seconds": [1, 2, 4], "coalescing_seconds": 1,
                              "answer_seconds": 2, "not_now_promised_seconds": 5,
                              "not_now_unpromised_seconds": 2}}

    def setUp(self):
        super().setUp()
        self.seed = random.SystemRandom().randrange(2**32)
        self.dice = random.Random(self.seed)

    def start(self):
        self.parts.start_all()
        self.fleet = self.parts.start_fleet(
            DEVICES, "--history", self.folder / "history.jsonl", "--not-now-rate", "0.1",
            "--not-now-poll-ms", "300", "--fail-rate", "0.05", "--seed", self.seed % 1000)
        wait_until(lambda: self.fleet.status()["enrolled"] == DEVICES, 60 * SLOWNESS,
                   "all devices to enrol")
        self.devices = self.fleet.ask(do="devices")["devices"]

    def queue_commands(self):
        """Queues commands until told to stop; remembers what was acknowledged to it."""
        self.acknowledged, self.with_push, self.refused = [], [], 0
        dice = random.Random(self.seed + 1)
        while not self.stop_queueing.is_set():
            chosen = dice.sample(self.devices, 5)
            name, body = command("SecurityInfo")
            target = f"/v1/enqueue/{','.join(chosen)}?nopush=1"
            if dice.random() < 0.3:
                target = target.replace("?nopush=1", "")
            try:
                status, _ = operators_request(self.parts, "PUT", target, body)
            except (OSError, http.client.HTTPException):  # dead: nothing was promised
                self.refused += 1
                time.sleep(0.02)
                continue
            # 207 and 500 may come from the push alone; only 200 promises every delivery.
            if status == 200:
                pairs = [(name, device) for device in chosen]
                self.acknowledged += pairs
                if "nopush" not in target:
                    self.with_push += pairs
            time.sleep(0.01)

    def test_every_acknowledged_command_reaches_its_device_and_none_comes_back(self):
        print(f"seed {self.seed}")
        self.start()
        self.stop_queueing = threading.Event()
        worker = threading.Thread(target=self.queue_commands)
        worker.start()
        try:
            for _ in range(KILLS):
                time.sleep(self.dice.uniform(0.05, 0.6))
                self.parts.daemon.kill()
                self.parts.start_daemon(60 * SLOWNESS)
        finally:
            self.stop_queueing.set()
            worker.join()

        # Nobody helps here: a wake that a kill had lost would leave its command waiting for ever.
        self.assertGreater(len(self.with_push), KILLS)
        wait_until(lambda: self.ended_by_history().issuperset(self.with_push), 90 * SLOWNESS,
                   "the commands queued with a push to reach their devices")
        # Commands queued with nopush=1 wake nobody by themselves: that is what was asked for.
        self.parts.ctl("wake", "--all")
        self.wait_for_empty_queues()

        self.assertGreater(len(self.acknowledged), KILLS)
        ended = self.ended_by_history()
        lost = [pair for pair in self.acknowledged if pair not in ended]
        self.assertEqual(lost, [], "acknowledged to the caller, never ended on the device")
        self.assertEqual(self.fleet.status()["broken"], {})
        print(f"{len(self.acknowledged)} deliveries acknowledged, {self.refused} requests failed")

    def wait_for_empty_queues(self):
        def empty():
            counts = self.parts.ctl("status")["counts"]
            return counts["deliveries_live"] == 0 and self.fleet.status()["at_rest"]

        wait_until(empty, 90 * SLOWNESS, "all queues to be empty")

    def ended_by_history(self):
        """(command, device) pairs whose end state got its 2xx; none may be handed out after it."""
        ended = set()
        for line in (self.folder / "history.jsonl").read_text().splitlines():
            entry = json.loads(line)
            pair = (entry.get("command"), entry["device"])
            if entry["event"] in ("acknowledged", "failed"):
                self.assertNotIn(pair, ended, "ended twice")
                ended.add(pair)
            elif entry["event"] == "handed_out":
                self.assertNotIn(pair, ended, "handed out after its end state")
        return ended


if __name__ == "__main__":
    unittest.main(verbosity=2)
