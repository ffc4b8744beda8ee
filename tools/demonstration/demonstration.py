"""A whole fleet on one machine, from enrolment to the last answer. Run it by tools/demo."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from parts import Failed, Parts, wait_until  # noqa: E402

COMMAND = "SecurityInfo"  # a device may put it off with NotNow; DeviceInformation never is


def say(text=""):
    print(text, flush=True)


class Bar:
    """A line that fills up; on a terminal it redraws itself, elsewhere only its end is printed."""

    WIDTH = 32

    def __init__(self, label, total):
        self.label, self.total, self.start = label, total, time.monotonic()
        self.live = sys.stdout.isatty()

    def show(self, done, note="", last=False):
        if not (self.live or last):
            return
        filled = self.WIDTH if self.total == 0 else self.WIDTH * min(done, self.total) // self.total
        elapsed = time.monotonic() - self.start
        line = (f"  {self.label:<22} {'█' * filled}{'·' * (self.WIDTH - filled)} "
                f"{done:>7}/{self.total} {elapsed:6.1f} s  {note}")
        end = "\n" if last else ""
        print(("\r\x1b[K" if self.live else "") + line, end=end, flush=True)

    def follow(self, read, seconds, note=lambda: ""):
        """Polls `read` until it reaches the total or the time is over; returns the last value."""
        end = time.monotonic() + seconds
        while (done := read()) < self.total and time.monotonic() < end:
            self.show(done, note())
            time.sleep(0.1)
        self.show(done, note(), last=True)
        return done


class Demonstration:
    def __init__(self, parts, devices):
        self.parts, self.devices = parts, devices
        self.erase_count = max(1, devices // 50)
        self.leave_count = max(1, devices // 50)
        self.start = time.monotonic()

    def run(self):
        self.start_parts()
        self.enrol()
        self.command_all()
        self.erase_some()
        self.let_some_leave()
        return self.account()

    def start_parts(self):
        say("Starting a development Apple (reveille-apns) and the daemon (reveilled) ...")
        self.parts.start_all()
        say(f"  APNs stand-in on port {self.parts.apns_port}, devices enrol at "
            f"https://localhost:{self.parts.device_port}, state in {self.parts.state}")

    def enrol(self):
        say(f"Enrolling {self.devices} devices: profile, SCEP, Authenticate, TokenUpdate")
        self.fleet = self.parts.start_fleet(
            self.devices, "--not-now-rate", "0.05", "--not-now-poll-ms", "1000", "--http", "2")
        bar = Bar("enrolled", self.devices)
        self.enrolled = bar.follow(lambda: self.fleet.status()["enrolled"], 60 + self.devices // 20)

    def command_all(self):
        say(f"One command ({COMMAND}) to all of them; the daemon wakes them through APNs")
        sent = self.parts.ctl("command", "send", COMMAND, "--all")
        self.command = sent["command_uuid"]
        before = self.fleet.status()
        bar = Bar("acknowledged", self.enrolled)
        latest = before

        def acknowledged():
            nonlocal latest
            latest = self.fleet.status()
            return latest["acknowledged"]

        bar.follow(acknowledged, 60 + self.devices // 50,
                   lambda: f"{latest['pushes_heard']} pushed, {latest['not_now']} put off")

    def erase_some(self):
        chosen = self.fleet.ask(do="devices", first=0, count=self.erase_count)["devices"]
        say(f"Erasing {len(chosen)} of them")
        self.erase_count = len(chosen)
        self.parts.ctl("command", "send", "EraseDevice", *chosen)
        Bar("erased", len(chosen)).follow(lambda: self.fleet.status()["erased"], 30)

    def let_some_leave(self):
        say(f"{self.leave_count} people remove the profile (CheckOut)")
        left = self.fleet.ask(do="leave", count=self.leave_count, silently=False)["left"]
        Bar("left", self.leave_count).show(left, last=True)

    def account(self):
        """Waits until nothing is under way and holds the daemon's books against the fleet's."""
        counts = {}

        def settled():
            counts.update(self.parts.ctl("status")["counts"])
            return counts["deliveries_live"] == 0 and self.fleet.status()["at_rest"]

        try:
            wait_until(settled, 30, "all queues to be empty")
        except Failed as problem:
            say(f"  {problem}")
        fleet = self.fleet.status()
        queued = self.enrolled + self.erase_count
        ended = sum(counts[f"deliveries_{state}"] for state in
                    ("acknowledged", "failed", "cancelled", "expired", "voided"))
        return {
            "enrolled": self.enrolled,
            "queued": queued,
            "pushed": fleet["pushes_heard"],
            "acknowledged": counts["deliveries_acknowledged"],
            "failed": counts["deliveries_failed"],
            "put_off": fleet["not_now"],
            "erased": fleet["erased"],
            "left": fleet["checked_out"],
            "still_enrolled": counts["enrolments_enrolled"],
            "lost": queued - ended,
            "wake_to_answer_p50_ms": fleet["wake_to_answer"]["p50_ms"],
            "wake_to_answer_p99_ms": fleet["wake_to_answer"]["p99_ms"],
            "broken_expectations": sum(fleet["broken"].values()),
            "seconds": round(time.monotonic() - self.start, 1),
        }, self.complaints(fleet, counts, ended, queued)

    def complaints(self, fleet, counts, ended, queued):
        """Every pair of numbers that should agree and does not."""
        pairs = [
            ("devices that enrolled and devices asked for", self.enrolled, self.devices),
            ("deliveries ended and deliveries queued", ended, queued),
            ("acknowledged in the daemon's books and in the fleet's",
             counts["deliveries_acknowledged"], fleet["acknowledged"]),
            ("erased and asked to erase", fleet["erased"], self.erase_count),
            ("left and asked to leave", fleet["checked_out"], self.leave_count),
            ("ended enrolments and devices gone", counts["enrolments_ended"],
             fleet["erased"] + fleet["checked_out"]),
            ("enrolled in the daemon's books and in the fleet's", counts["enrolments_enrolled"],
             fleet["enrolled_now"]),
            ("broken expectations and none", sum(fleet["broken"].values()), 0),
        ]
        found = [f"{what}: {left} and {right}" for what, left, right in pairs if left != right]
        return found + [f"{count} times: {what}" for what, count in fleet["broken"].items()]


def show_table(result):
    rows = [
        ("enrolled", result["enrolled"], "devices"),
        ("commands queued", result["queued"], f"{COMMAND} to all, EraseDevice to some"),
        ("pushed", result["pushed"], "wakes that APNs accepted"),
        ("acknowledged", result["acknowledged"], "commands, each exactly once"),
        ("failed", result["failed"], "commands"),
        ("put off", result["put_off"], "answers NotNow, offered again later"),
        ("erased", result["erased"], "devices"),
        ("left", result["left"], "devices, by CheckOut"),
        ("still enrolled", result["still_enrolled"],
         f"= {result['enrolled']} - {result['erased']} - {result['left']}"),
        ("lost", result["lost"], "commands without an end state"),
    ]
    say()
    for label, value, note in rows:
        say(f"  {label:<16} {value:>8}  {note}")
    say(f"  {'wake to answer':<16} {result['wake_to_answer_p50_ms']:>6.0f} ms  p50; "
        f"p99 {result['wake_to_answer_p99_ms']:.0f} ms, "
        f"all pushed at once and answered as fast as {result['enrolled']} devices can")
    say()


def suggestions(parts):
    ctl = f"{parts.binaries / 'reveillectl'} --socket {parts.folder / 'admin.sock'}"
    device = parts.ctl("enrolments", "list", "--state", "enrolled")["enrolments"][0]["id"]
    say("The fleet stays up. Five commands worth trying in another terminal:")
    say(f"  {ctl} status")
    say(f"  {ctl} enrolments show {device}")
    say(f"  {ctl} command send DeviceInformation {device}")
    say(f"  {ctl} command send SecurityInfo --all")
    say(f"  {ctl} wake {device}")
    say("Ctrl-C ends it and leaves nothing behind.")


def main():
    parser = argparse.ArgumentParser(
        prog="tools/demo", description="Enrols a simulated fleet, wakes it, and adds up the answers.")
    parser.add_argument("--devices", type=int, default=1000, metavar="N")
    parser.add_argument("--once", action="store_true",
                        help="end by itself; the last line is JSON; exit 0 only if all adds up")
    arguments = parser.parse_args()
    if not 1 <= arguments.devices <= 100_000:
        parser.error("--devices takes 1 to 100000")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="reveille-demo."))
    parts = Parts(folder)
    ok = False
    keep = arguments.once  # what failed by itself may be looked into
    try:
        demonstration = Demonstration(parts, arguments.devices)
        result, complaints = demonstration.run()
        show_table(result)
        ok = not complaints
        for complaint in complaints:
            say(f"  does not add up: {complaint}")
        if arguments.once:
            parts.stop()
            print(json.dumps({"ok": ok, **result}), flush=True)
        else:
            suggestions(parts)
            signal.pause()
    except KeyboardInterrupt:
        say("\nStopping ...")
        keep = False
        ok = ok and not arguments.once
    except SystemExit:  # a signal
        keep = False
        raise
    except Failed as problem:
        say(f"\nThe demonstration failed: {problem}")
        ok = False
        if arguments.once:
            print(json.dumps({"ok": False, "problem": str(problem)}), flush=True)
    finally:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        parts.stop()
        if ok or not keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs and state are kept in {folder}", file=sys.stderr)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
