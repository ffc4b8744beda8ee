"""The simulators and the daemon together, in every combination of key, proof and HTTP version."""

import unittest

from support import SLOWNESS, EndToEnd, wait_until

DEVICES = 12


class Fleet(EndToEnd):
    def setUp(self):
        super().setUp()
        self.parts.start_all()

    def enrol(self, *arguments, count=DEVICES):
        fleet = self.parts.start_fleet(count, *arguments)
        wait_until(lambda: fleet.status()["enrolled"] == count, 60 * SLOWNESS,
                   "all devices to enrol", fleet.require_alive)
        return fleet

    def settle(self, fleet):
        def settled():
            counts = self.parts.ctl("status")["counts"]
            return counts["deliveries_live"] == 0 and fleet.status()["at_rest"]

        wait_until(settled, 60 * SLOWNESS, "all queues to be empty")
        status = fleet.status()
        self.assertEqual(status["broken"], {})
        return status

    def lives(self, *arguments):
        fleet = self.enrol(*arguments)
        self.parts.ctl("command", "send", "DeviceInformation", "--all")
        wait_until(lambda: fleet.status()["acknowledged"] == DEVICES, 30 * SLOWNESS, "answers")
        self.settle(fleet)

    def test_elliptic_keys_client_certificates_http1(self):
        self.lives("--keys", "ec", "--identity", "certificate", "--http", "1")

    def test_elliptic_keys_signatures_http2(self):
        self.lives("--keys", "ec", "--identity", "signature", "--http", "2")

    def test_rsa_keys_client_certificates_http2(self):
        self.lives("--keys", "rsa", "--key-pool", "2", "--identity", "certificate", "--http", "2")

    def test_rsa_keys_signatures_http1(self):
        self.lives("--keys", "rsa", "--key-pool", "2", "--identity", "signature", "--http", "1")

    def test_devices_that_put_everything_off_get_it_again_until_they_take_it(self):
        fleet = self.enrol("--not-now-rate", "0.6", "--not-now-poll-ms", "100")
        self.parts.ctl("command", "send", "SecurityInfo", "--all")
        wait_until(lambda: fleet.status()["acknowledged"] == DEVICES, 60 * SLOWNESS, "answers")
        self.assertGreater(self.settle(fleet)["not_now"], 0)

    def test_erased_and_departed_devices_end_and_their_queues_are_void(self):
        fleet = self.enrol()
        first = fleet.ask(do="devices", first=0, count=1)["devices"][0]
        self.parts.ctl("command", "send", "EraseDevice", first)
        wait_until(lambda: fleet.status()["erased"] == 1, 30 * SLOWNESS, "the erase")
        fleet.ask(do="leave", count=2)
        self.settle(fleet)
        counts = self.parts.ctl("status")["counts"]
        self.assertEqual(counts["enrolments_ended"], 3)
        self.assertEqual(counts["enrolments_enrolled"], DEVICES - 3)
        shown = self.parts.ctl("enrolments", "show", first)
        self.assertEqual((shown["state"], shown["end_reason"]), ("ended", "erased"))

    def test_a_device_that_left_without_a_word_is_found_out_by_apns(self):
        fleet = self.enrol(count=3)
        gone = fleet.ask(do="devices", first=2, count=1)["devices"][0]
        fleet.ask(do="leave", count=1, silently=True)
        self.parts.ctl("command", "send", "SecurityInfo", gone)
        wait_until(lambda: self.parts.ctl("enrolments", "show", gone)["push_parked"],
                   30 * SLOWNESS, "the 410 to be recorded")

    def test_a_cancelled_command_never_reaches_its_device(self):
        fleet = self.enrol(count=1)
        device = fleet.ask(do="devices")["devices"][0]
        sent = self.parts.ctl("command", "send", "SecurityInfo", device, "--no-push")
        self.parts.ctl("command", "cancel", device, sent["command_uuid"])
        fleet.ask(do="poll")
        self.settle(fleet)
        self.assertEqual(fleet.status()["commands_handed_out"], 0)
        shown = self.parts.ctl("command", "show", device, sent["command_uuid"])
        self.assertEqual(shown["state"], "cancelled")


class Weather(EndToEnd):
    """APNs on a bad day: nothing is lost, nothing is broken."""

    configuration = {"wake": {"silence_seconds": [2, 4, 8], "retry_first_seconds": 1}}

    def test_goaway_refusals_resets_and_errors_lose_no_wake(self):
        self.parts.make_apple()
        self.parts.start_apns("--goaway-after", "7", "--refuse-rate", "0.1", "--reset-rate", "0.05",
                              "--cut-rate", "0.03", "--status", "ServiceUnavailable=0.1",
                              "--latency-ms", "5", "--jitter-ms", "20")
        self.parts.start_daemon()
        self.parts.set_push_certificate()
        fleet = self.parts.start_fleet(40)
        wait_until(lambda: fleet.status()["enrolled"] == 40, 60 * SLOWNESS, "all to enrol")
        self.parts.ctl("command", "send", "DeviceInformation", "--all")
        wait_until(lambda: fleet.status()["acknowledged"] == 40, 90 * SLOWNESS, "answers")
        self.assertEqual(fleet.status()["broken"], {})


if __name__ == "__main__":
    unittest.main(verbosity=2)
