"""Tables and the page, from results made up here."""

import re
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from report import page, sections, summary, tables, wording
from report.results import Result, Results

SIZES = (4096, 65536, 131072, 1 << 20, 64 << 20)
CONTEXT = {"date": "2026-11-25", "cpu": "Some <CPU>", "cores": 2, "rounds": 9, "repetitions": 1, "commit": "0123abc",
           "caches": [{"level": 1, "bytes": 49152, "shared_by": 1}, {"level": 2, "bytes": 1 << 20, "shared_by": 1}],
           "compiler": "GNU 12.2.0", "targets": "AVX2 SSE4", "default_target": "AVX2", "peers": {"PyTorch": "1.13.1"}}


def row(name: str, per_element: float) -> Result:
    n = int(re.search(r"n=(\d+)", name)[1])
    time = per_element * n
    counters = {"roof": 0.5, "items_per_second": 1e9 / per_element}
    return Result(name, time, 0.9 * time, 1.1 * time, 0.8 * time, 9, counters)


def made_up() -> Results:
    rows = []
    for n in SIZES:
        for t in (1, 2):
            for target in ("AVX2", "SSE4"):
                rows += [row(f"{yardstick}/f32/n={n}/t={t}/{target}", 0.05) for yardstick in ("Memcpy", "Scale")]
                rows += [row(f"{operation}/f32/p={p}/n={n}/t={t}/{target}", 0.1 / t)
                         for operation in ("DropoutForward", "DropoutForwardPhilox7", "DropoutBackwardFromMask",
                                           "GenerateMask")
                         for p in ("0.1", "0.25", "0.5")]
            rows += [row(f"PyTorch/DropoutForward/f32/p={p}/n={n}/t={t}", 5.0) for p in ("0.1", "0.5")]
    return Results(CONTEXT, rows)


class WellFormed(HTMLParser):
    """Fails on tags that close what is not open."""

    _EMPTY = {"meta", "path", "use", "br"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self._EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self._EMPTY and self.open.pop() != tag:
            raise ValueError(f"</{tag}> at {self.getpos()}")


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.html = page.html(made_up())

    def test_has_every_plot_and_row(self):
        self.assertEqual(self.html.count("<svg "), 5)
        self.assertEqual(self.html.count("<tr><td>") - len(CONTEXT), len(made_up().rows))
        self.assertIn("Some &lt;CPU&gt;", self.html)
        WellFormed().feed(self.html)

    def test_plots_are_xml_with_ids_of_their_own_and_colours_of_the_page(self):
        svgs = re.findall(r"<svg .*?</svg>", self.html, re.DOTALL)
        ids = [match for svg in svgs for match in re.findall(r'\bid="([^"]*)"', svg)]
        self.assertEqual(len(ids), len(set(ids)))
        for svg in svgs:
            # As HTML, whose parser knows the prefix.
            ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))
            self.assertIn("var(--ink)", svg)
            self.assertEqual(set(re.findall(r"#[0-9a-f]{6}\b", svg)) - {"#000000"}, set())
            self.assertEqual(svg.count("#000000"), 0)

    def test_needs_no_other_file(self):
        self.assertEqual(re.findall(r'(?:src|href)="(?!#)[^"]*"', self.html), [])

    def test_few_rows_make_a_page_without_plots(self):
        self.assertNotIn("<svg", page.html(Results(CONTEXT, [row("Odd/f64/n=5/t=1", 1.0)])))


class TablesTest(unittest.TestCase):
    def test_first_screen(self):
        self.assertEqual(sections.first_screen(made_up())[:5], [
            ["f32, ns an element", "p = 0.5", "p = 0.1", "times Fallow's"],
            ["*In cache: 65,536 elements, one thread*", "", "", ""],
            ["y = a·x, the least that any dropout must do", "0.050", "0.050", ""],
            ["**Fallow, forward**", "**0.100**", "**0.100**", ""],
            ["PyTorch 1.13.1, forward", "5.00", "5.00", "50 and 50"]])

    def test_ratios(self):
        self.assertEqual(sections.ratios(made_up())[1], ["L2, against y = a x", "2.00", "2.00", "2.00"])
        two_threads = next(row for row in sections.ratios(made_up()) if row[0].startswith("n = 131,072"))
        self.assertEqual(two_threads[1:], ["0.50", "0.50", "0.50"])

    def test_missing_rows_are_left_out(self):
        empty = Results(CONTEXT, [])
        for table in (sections.first_screen, sections.ratios, sections.sizes, sections.networks):
            self.assertEqual(len(table(empty)), 1)
        self.assertIn("Read ratios.", sections.provenance(empty))
        self.assertIn("Some <CPU>", summary.text(empty))

    def test_networks(self):
        def step(peer: str, t: int, ms: float) -> Result:
            return Result(f"{peer}TrainingStep/f32/8-4/dropout=on/batch=2/t={t}", ms * 1e6, None, None, ms * 1e6, 3)
        alone = Results(CONTEXT, [step("", 1, 3.0)])
        self.assertEqual(sections.networks(alone)[1:], [["TrainingStep 8-4 dropout on batch 2", "1", "3.00"]])
        both = Results(CONTEXT, [step("", 1, 3.0), step("", 2, 2.0), step("PyTorch/", 1, 6.0)])
        self.assertEqual([row[2:] for row in sections.networks(both)[1:]],
                         [["3.00", "PyTorch 1.13.1 6.00", "0.50"], ["2.00", "", ""]])

    def test_numbers(self):
        self.assertEqual([wording.number(x) for x in (0.0319, 0.9999, 5.309, 9.999, 16.24, 123.4, 12345.0)],
                         ["0.032", "1.00", "5.31", "10.0", "16.2", "123", "12,345"])
        self.assertEqual([wording.count(n) for n in (64, 65536, 1 << 20, 64 << 20)], ["64", "65,536", "1 Mi", "64 Mi"])


class ReadmeTest(unittest.TestCase):
    TEXT = "before\n<!-- bench: first-screen -->\nold\n<!-- /bench -->\nafter\n"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "bench").mkdir()
        for readme in tables.READMES:
            (self.root / readme).write_text(self.TEXT)
        made_up().save(self.root / "results.json")

    def test_written_tables_are_those_of_the_reduced_results(self):
        self.assertEqual(tables.update(self.root, self.root / "results.json", check=False), 0)
        self.assertEqual(tables.update(self.root, None, check=True), 0)
        text = (self.root / "README.md").read_text()
        self.assertTrue(text.startswith("before\n") and text.endswith("after\n") and "**0.100**" in text)
        self.assertNotIn("old", text)
        self.assertLess((self.root / tables.CALLS).stat().st_size, (self.root / "results.json").stat().st_size)

    def test_a_typed_number_is_seen(self):
        tables.update(self.root, self.root / "results.json", check=False)
        path = self.root / "README.md"
        path.write_text(path.read_text().replace("**0.100**", "**0.090**"))
        self.assertEqual(tables.update(self.root, None, check=True), 1)
        self.assertIn("**0.090**", path.read_text())

    def test_unknown_block(self):
        with self.assertRaisesRegex(ValueError, "no table is called x"):
            tables.fill("<!-- bench: x -->\n<!-- /bench -->", {tables.CALLS: made_up()})

    def test_networks_are_measured_by_themselves(self):
        tables.update(self.root, self.root / "results.json", check=False)
        before = (self.root / "README.md").read_text()
        (self.root / "README.md").write_text(before + "<!-- bench: networks -->\n<!-- /bench -->\n")
        step = Result("TrainingStep/f32/8-4/dropout=on/batch=2/t=1", 3e6, None, None, 3e6, 3)
        Results(CONTEXT, [step]).save(self.root / "networks.json")
        self.assertEqual(tables.update(self.root, self.root / "networks.json", check=False), 0)
        after = (self.root / "README.md").read_text()
        self.assertTrue(after.startswith(before) and "| TrainingStep 8-4 dropout on batch 2 | 1 | 3.00 |" in after)
        self.assertEqual(tables.update(self.root, None, check=True), 0)


if __name__ == "__main__":
    unittest.main()
