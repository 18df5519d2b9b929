# SPDX-License-Identifier: GPL-2.0-or-later
import contextlib
import html.parser
import io
import re
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from samples import Bench, facts, good, read_json, run
from suite import plots, report, text
from suite.process import ProcessError

VOID = {"meta", "br", "img", "hr", "link", "input"}


class Balanced(html.parser.HTMLParser):
    """Every tag that is opened is closed, in order; ids come once, links lead somewhere."""

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.links, self.wrong = [], [], [], []
        self.feed(page)
        self.wrong += self.open
        self.wrong += [link for link in self.links if link not in self.ids]
        self.wrong += [one for one in set(self.ids) if self.ids.count(one) > 1]

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        for name in ("href", "xlink:href"):
            if attrs.get(name, "").startswith("#"):
                self.links.append(attrs[name][1:])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


class Reports(unittest.TestCase):
    def setUp(self):
        self.out = Path(tempfile.mkdtemp(prefix="podgate-report-"))
        self.addCleanup(shutil.rmtree, self.out)

    def write(self, bench, **changed):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            code = report.write(self.out, facts(**changed), bench)
        return code, (self.out / "index.html").read_text(encoding="utf-8"), said.getvalue()

    def test_good_run(self):
        code, page, said = self.write(Bench(good()))
        self.assertEqual(code, 0)
        self.assertIn("22 of 22 targets met", page)
        self.assertNotIn("NOT MET", said)
        summary = read_json(self.out / "summary.json")
        self.assertEqual(len(summary), 22)
        self.assertTrue(all(one["met"] is True and isinstance(one["value"], (int, float)) for one in summary))
        self.assertEqual(len(read_json(self.out / "runs.json")["runs"]), len(good()))

    def test_page_is_well_formed_and_stands_alone(self):
        _, page, _ = self.write(Bench(good(), {"bench_packet": {"about": "reading <headers>", "text": "a < b"}}))
        self.assertEqual(Balanced(page).wrong, [])
        for outside in ("http://", "https://", "src=", "@import", "<script"):
            self.assertNotIn(outside, page.replace("http://www.w3.org/", ""), outside)

    def test_texts_are_escaped(self):
        _, page, _ = self.write(Bench(good(), {"bench_packet": {"about": "x", "text": "<b>bold</b>"}}))
        self.assertIn("Sample &lt;CPU&gt; &amp; co", page)
        self.assertIn("&lt;b&gt;bold&lt;/b&gt;", page)

    def test_nothing_measured(self):
        code, page, said = self.write(Bench([]))
        self.assertEqual(code, 1)
        self.assertIn("0 of 21 targets met", page)
        self.assertEqual(page.count(">not measured<"), 21)
        self.assertEqual(said.count("FAILED figures"), 21)
        for one in read_json(self.out / "summary.json"):
            self.assertIs(one["met"], False)
            self.assertIsNone(one["value"])

    def test_missing_figure_fails_a_whole_run_but_not_a_partial_one(self):
        runs = [one for one in good() if one["workload"] != "memory"]
        self.assertEqual(self.write(Bench(runs))[0], 1)
        self.assertEqual(self.write(Bench(runs), partial=True)[0], 0)

    def test_a_failure_is_told(self):
        bench = Bench(good())
        bench.problem("bulk", "tier2", "the <link> was down")
        code, page, said = self.write(bench)
        self.assertEqual(code, 1)
        self.assertIn("the &lt;link&gt; was down", page)
        self.assertIn("FAILED bulk, tier2: the <link> was down", said)

    def test_losses_are_shown(self):
        runs = good() + [run("verdicts", "fair", 3, {"verdicts_per_s": 1}, {"queue_dropped": 4711})]
        _, page, _ = self.write(Bench(runs))
        self.assertIn(f"4{text.THIN}711", page)

    def test_bulk_counts_over_all_turns(self):
        """CPU time has ticks as long as a tenth of a turn: 3 times 10 us, over 3 GiB."""
        _, page, _ = self.write(Bench(good()))
        section = page[page.index('id="bulk"') :]
        row = section[section.index('class="ours"') :]
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row[: row.index("</tr>")])
        self.assertEqual(cells[0], "podgate")
        self.assertEqual(cells[2], "1.000<small>0.998 … 1.000</small>")
        self.assertEqual(cells[3:6], ["0.00977", "3", "3"])

    def test_idle_is_shown_without_a_target(self):
        _, page, _ = self.write(Bench(good()))
        self.assertIn("of one CPU when nothing happens", page)
        section = page[page.index('id="idle"') :]
        section = section[: section.index("</table>")]
        self.assertIn("0.131", section)
        self.assertIn("13.1", section)
        self.assertIn("every second", section)
        self.assertNotIn("idle_cpu_percent", [one["name"] for one in read_json(self.out / "summary.json")])

    def test_without_gnuplot_the_figures_stand(self):
        with mock.patch.object(plots, "draw", side_effect=ProcessError("gnuplot: not found")):
            code, page, _ = self.write(Bench(good()))
        self.assertEqual(code, 1)
        self.assertIn("22 of 22 targets met", page)
        self.assertIn("gnuplot: not found", page)

    def test_old_plots_do_not_stay(self):
        (self.out / "plots").mkdir()
        (self.out / "plots" / "old.svg").write_text("", encoding="utf-8")
        self.write(Bench(good()))
        self.assertFalse((self.out / "plots" / "old.svg").exists())

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_plots_are_drawn_in_named_colours(self):
        self.write(Bench(good()))
        svg = (self.out / "plots" / "verdicts.svg").read_text(encoding="utf-8")
        self.assertIn("var(--tier3, ", svg)
        self.assertNotRegex(svg, r"rgb\( *1, *1, *\d+\)")


class Numbers(unittest.TestCase):
    def test_significant(self):
        for number, wanted in (
            (0, "0"),
            (1.2345, "1.23"),
            (12.345, "12.3"),
            (123.45, "123"),
            (0.012345, "0.0123"),
            (None, text.NONE),
            (645805, f"646{text.THIN}000"),
            (0.5, "0.500"),
        ):
            self.assertEqual(text.significant(number), wanted)

    def test_rates_and_times(self):
        self.assertEqual(text.rate(645805), f"646{text.THIN}k")
        self.assertEqual(text.rate(1234567), f"1.23{text.THIN}M")
        self.assertEqual(text.rate(999), "999")
        self.assertEqual(text.microseconds(27000), f"27.0{text.THIN}µs")
        self.assertEqual(text.microseconds(2.7e6), f"2.70{text.THIN}ms")


if __name__ == "__main__":
    unittest.main()
