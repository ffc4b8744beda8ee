"""Results of tens of mebibytes by curl, which nobody gathers in memory: kept and read back byte for
byte, by HTTP/1.1 and HTTP/2, with a client certificate and with an Mdm-Signature by openssl."""

import os
import plistlib
import random
import re
import threading
import time
import unittest

from support import CONNECT, SLOWNESS, CurlDevice, EndToEnd, command, operators_request, run

MEBIBYTE = 1 << 20
UPLOADERS = 16


def report(device, uuid, mebibytes, form=plistlib.FMT_XML):
    """An Acknowledged of about this size whose own keys come last."""
    payload = os.urandom(mebibytes * MEBIBYTE * (3 if form == plistlib.FMT_XML else 4) // 4
                         - 64 * 1024)
    if form == plistlib.FMT_XML:  # plistlib breaks lines and indents: a fiftieth more
        payload = payload[:len(payload) * 49 // 50]
    return plistlib.dumps({"Receipt": payload, "Status": "Acknowledged", "CommandUUID": uuid,
                           "UDID": device.udid}, fmt=form, sort_keys=False)


def resident(pid, kind="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(rf"{kind}:\s+(\d+) kB", status.read()).group(1)) * 1024


class LongResults(EndToEnd):
    def setUp(self):
        super().setUp()
        self.parts.start_all()

    def device(self, name, **how):
        device = CurlDevice(self.parts, self.folder / name, **how)
        device.enrol(self.link())
        return device

    def queue(self, device):
        uuid, body = command("ProfileList")
        status, answer = operators_request(self.parts, "PUT", f"/v1/enqueue/{device.udid}?nopush=1",
                                           body)
        self.assertEqual(status, 200, answer)
        self.assertEqual(plistlib.loads(device.connect("Idle")[3])["CommandUUID"], uuid)
        return uuid

    def ask_for_result(self, device, uuid):
        """By the operators' port, which streams it."""
        return operators_request(self.parts, "GET", f"/v1/deliveries/{device.udid}/{uuid}/result")

    def stored(self, device, uuid):
        status, body = self.ask_for_result(device, uuid)
        self.assertEqual(status, 200, body[:200])
        return body

    def state(self, device, uuid):
        return {one["command_uuid"]: one["state"] for one in self.deliveries(device.udid)}[uuid]

    def test_31_mebibytes_are_kept_byte_for_byte_and_33_are_refused(self):
        for version, shown in (("--http1.1", "1.1"), ("--http2", "2")):
            for proof in ("certificate", "signature"):
                for form in (plistlib.FMT_XML, plistlib.FMT_BINARY):
                    with self.subTest(version=version, proof=proof, form=form):
                        device = self.device(f"{shown}-{proof}-{form.name}", http=version,
                                             proof=proof)
                        uuid = self.queue(device)
                        too_long = report(device, uuid, 33, form)
                        self.assertGreater(len(too_long), 32 * MEBIBYTE)
                        # By HTTP/2 curl 7.88 loses the answer to a body that it still sends.
                        refused = (413,) if shown == "1.1" else (413, 0)
                        self.assertIn(device.put_bytes(CONNECT, too_long)[1], refused)
                        self.assertEqual(self.state(device, uuid), "sent")

                        body = report(device, uuid, 31, form)
                        self.assertGreater(len(body), 30 * MEBIBYTE)
                        answer = device.put_bytes(CONNECT, body)

                        self.assertEqual(answer[:2], (shown, 200))
                        self.assertEqual(self.state(device, uuid), "acknowledged")
                        self.assertEqual(self.stored(device, uuid), body)
        self.assertEqual(self.ctl_result(device, uuid), body)

    def ctl_result(self, device, uuid):
        return run(self.parts.binaries / "reveillectl", "--socket",
                   self.parts.folder / "admin.sock", "command", "result", device.udid, uuid)

    def test_a_body_that_its_signature_is_not_of_is_refused_and_not_kept(self):
        device = self.device("tampered", proof="signature")
        uuid = self.queue(device)
        body = report(device, uuid, 4)
        answer = device.put_bytes(CONNECT, body, signed=body[:-1] + b" ")
        self.assertIn(answer[1], range(400, 500))
        self.assertNotIn(answer[1], (401, 403))
        self.assertEqual(self.state(device, uuid), "sent")

    def test_sixteen_devices_at_once_do_not_fill_memory(self):
        devices = [self.device(f"device-{i}", http=("--http1.1", "--http2")[i % 2])
                   for i in range(UPLOADERS)]
        uuids = [self.queue(device) for device in devices]
        bodies = [report(device, uuid, 30) for device, uuid in zip(devices, uuids)]
        pid = self.parts.daemon.child.pid
        before = resident(pid)
        statuses = [0] * UPLOADERS

        def upload(i):
            statuses[i] = devices[i].put_bytes(CONNECT, bodies[i])[1]

        threads = [threading.Thread(target=upload, args=(i,)) for i in range(UPLOADERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * UPLOADERS)
        grown = resident(pid, "VmHWM") - before
        print(f"16 x 30 MiB: {before >> 20} MiB resident before, {grown >> 20} MiB more at most")
        # All of them together are 480 MiB. Sanitizers keep what was given back.
        if SLOWNESS == 1:
            self.assertLess(grown, 200 * MEBIBYTE)
        for device, uuid, body in zip(devices, uuids, bodies):
            self.assertEqual(self.stored(device, uuid), body)

    def test_killed_in_the_middle_of_an_upload_it_comes_again_and_is_kept_once(self):
        device = self.device("killed")
        uuid = self.queue(device)
        body = report(device, uuid, 20)
        for sent in (MEBIBYTE, len(body) - 1, *[len(body)] * 5):
            with device.begin_upload(CONNECT, body[:sent], len(body)):
                if sent == len(body):
                    time.sleep(random.uniform(0, 0.3))  # somewhere on its way to the store
                self.parts.daemon.kill()
            self.assertEqual(list(self.parts.state.glob("body.*")), [])
            self.parts.start_daemon()
            state = self.state(device, uuid)
            if state == "acknowledged":
                break
            self.assertEqual(state, "sent")
            self.assertEqual(self.ask_for_result(device, uuid)[0], 404)
        for _ in range(2):
            self.assertEqual(device.put_bytes(CONNECT, body)[1], 200)
            self.assertEqual(self.state(device, uuid), "acknowledged")
            self.assertEqual(self.stored(device, uuid), body)


if __name__ == "__main__":
    unittest.main(verbosity=2)
