#!/usr/bin/env python3
"""bench/compare and bench/chart, with programs that say what a benchmark would."""

import json
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Answers as Google Benchmark does, from a list of costs: one for each time that it is run.
PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys
calls = pathlib.Path(__file__ + ".calls")
number = int(calls.read_text()) if calls.exists() else 0
calls.write_text(str(number + 1))
costs = {costs}
print(json.dumps({{"benchmarks": [
    {{"name": name, "cpu_time": 1, "cpu_ns": values[min(number, len(values) - 1)]}}
    for name, values in costs.items()]}}))
"""


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def program(self, side, costs):
        (self.folder / side).mkdir()
        file = self.folder / side / "protocol-bench"
        file.write_text(PROGRAM.format(costs=repr(costs)))
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def compare(self, then, now):
        self.program("then", then)
        self.program("now", now)
        return subprocess.run([sys.executable, ROOT / "bench/compare", "--rounds", "3",
                               "--programs", self.folder / "then", self.folder / "now"],
                              capture_output=True, text=True, timeout=60)

    def test_passes_when_nothing_changed(self):
        ended = self.compare({"BM_Parse": [100]}, {"BM_Parse": [105]})
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_fails_and_names_what_takes_a_tenth_more(self):
        ended = self.compare({"BM_Parse": [100], "BM_Write": [50]},
                             {"BM_Parse": [112], "BM_Write": [50]})
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.assertIn("SLOWER BM_Parse: 100 -> 112", ended.stdout)
        self.assertNotIn("SLOWER BM_Write", ended.stdout)

    def test_one_slow_round_is_no_change(self):
        ended = self.compare({"BM_Parse": [100]}, {"BM_Parse": [100, 400, 100]})
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertNotIn("again", ended.stdout)

    def test_what_is_not_seen_again_is_noise(self):
        ended = self.compare({"BM_Parse": [100]}, {"BM_Parse": [130, 130, 130, 100]})
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertIn("again: BM_Parse", ended.stdout)

    def test_leaves_out_what_only_one_commit_has(self):
        ended = self.compare({"BM_Old": [100]}, {"BM_New": [100]})
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)


class Chart(unittest.TestCase):
    def draw(self, *results):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        files = []
        for number, result in enumerate(results):
            files.append(folder / f"{number}.json")
            files[-1].write_text(json.dumps(result))
        subprocess.run([sys.executable, ROOT / "bench/chart", "--output", folder / "chart.html",
                        *files], check=True, capture_output=True, timeout=60)
        return (folder / "chart.html").read_text()

    @staticmethod
    def result(date, **measurements):
        return {"date": date, "commit": "abc<" + date, "results": measurements,
                "machine": {"cores": 2, "processor": "P"}}

    def test_draws_a_line_through_the_runs_in_the_order_of_their_dates(self):
        page = self.draw(self.result("2026-02-02", idle_http1={"cpu_us": 10.0}),
                         self.result("2026-01-01", idle_http1={"cpu_us": 20.0}))
        self.assertEqual(page.count("<circle"), 2)
        self.assertLess(page.index("01-01</text>"), page.index("02-02</text>"))
        self.assertIn("reveilled 10<", page)

    def test_leaves_out_what_nobody_measured(self):
        page = self.draw(self.result("2026-01-01", idle_http1={"cpu_us": 20.0}))
        self.assertEqual(page.count("<svg"), 1)

    def test_escapes_what_results_say(self):
        page = self.draw(self.result("2026-01-01", idle_http1={"cpu_us": 20.0}))
        self.assertNotIn("abc<2", page)

    def test_draws_what_is_kept_in_the_repository(self):
        files = sorted((ROOT / "bench/results").glob("*.json"))
        page = self.draw(*(json.loads(file.read_text()) for file in files))
        self.assertGreaterEqual(page.count("<svg"), 8)


if __name__ == "__main__":
    unittest.main()
