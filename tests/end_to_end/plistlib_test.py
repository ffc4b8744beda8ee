"""Python's plistlib reads all that we write, and we read all that it writes, XML and binary."""

import datetime
import os
import plistlib
import random
import unittest
from pathlib import Path

from support import PRESET, run

CONVERT = Path(__file__).resolve().parents[2] / "build" / PRESET / "bin" / "plist_convert"
FORMATS = {"xml": plistlib.FMT_XML, "binary": plistlib.FMT_BINARY}


def random_value(dice, depth=0):
    kinds = ["text", "integer", "real", "flag", "data", "date"]
    if depth < 4:
        kinds += ["array", "dictionary", "dictionary"]
    kind = dice.choice(kinds)
    if kind == "text":
        alphabet = "abc <>&\"'\n\tÄß語🙂"
        return "".join(dice.choice(alphabet) for _ in range(dice.randrange(30)))
    if kind == "integer":
        return dice.choice([0, 1, -1, 255, 256, 65536, 2**31, -2**31, 2**53, -2**63, 2**63 - 1,
                            2**64 - 1, dice.randrange(-10**6, 10**6)])
    if kind == "real":
        return dice.choice([0.0, -0.5, 1e300, 3.141592653589793, dice.uniform(-1e6, 1e6)])
    if kind == "flag":
        return dice.random() < 0.5
    if kind == "data":
        return dice.randbytes(dice.randrange(60))
    if kind == "date":
        return datetime.datetime(2001, 1, 1) + datetime.timedelta(seconds=dice.randrange(10**9))
    if kind == "array":
        return [random_value(dice, depth + 1) for _ in range(dice.randrange(6))]
    return {f"key {i} é" if i % 3 else f"Key{i}": random_value(dice, depth + 1)
            for i in range(dice.randrange(8))}


class Plistlib(unittest.TestCase):
    def test_random_values_survive_every_pair_of_formats(self):
        seed = int.from_bytes(os.urandom(4), "big")
        dice = random.Random(seed)
        for _ in range(40):
            value = {"top": random_value(dice), "more": random_value(dice)}
            for read in FORMATS:
                for write in FORMATS:
                    written = run(CONVERT, write,
                                  input=plistlib.dumps(value, fmt=FORMATS[read]))
                    self.assertEqual(plistlib.loads(written), value,
                                     f"seed {seed}: {read} to {write}")

    def test_what_plistlib_refuses_as_no_property_list_we_refuse_too(self):
        for text in (b"", b"plain text", b"<plist><dict></plist>", b"bplist00"):
            with self.assertRaises(Exception):
                run(CONVERT, "xml", input=text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
