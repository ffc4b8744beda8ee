"""docs/protocol-tests.md names a test for every rule of the protocol: each of them must exist."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFINITION = re.compile(r"^(?:TEST|TEST_F|TEST_P)\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)


def rows():
    """The cells of each table's rows, without headings."""
    lines = (ROOT / "docs" / "protocol-tests.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines
             if line.startswith("|")]
    return [row for at, row in enumerate(cells)
            if not row[0].startswith("---") and not (
                at + 1 < len(cells) and cells[at + 1][0].startswith("---"))]


def defined_tests():
    return {f"{suite}.{name}" for path in (ROOT / "tests").rglob("*.cpp")
            for suite, name in DEFINITION.findall(path.read_text())}


class ProtocolTests(unittest.TestCase):
    def test_every_row_names_tests_that_exist(self):
        defined = defined_tests()
        seen = rows()
        self.assertGreater(len(seen), 50, "the tables are read")
        for row in seen:
            names = re.findall(r"`([^`]+)`", row[-1])
            with self.subTest(row=row[0]):
                self.assertTrue(names, "a row without a test")
                for name in names:
                    self.assertTrue(self.exists(name, defined), name)

    @staticmethod
    def exists(name, defined):
        script, colon, test = name.partition(": ")
        if not colon:
            return name in defined
        return f"def {test}(" in (ROOT / script).read_text()


if __name__ == "__main__":
    unittest.main()
