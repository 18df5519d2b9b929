#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scrape.py, which other tests rely on, sees what is wrong: each rule is broken once."""

import json
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
import scrape  # noqa: E402

GOOD = r'''# HELP podgate_a_total Things.
# TYPE podgate_a_total counter
podgate_a_total{x="1",y="a\"b\\c\nd"} 1
podgate_a_total{x="2",y=""} 12.5
# HELP podgate_t_seconds Times.
# TYPE podgate_t_seconds histogram
podgate_t_seconds_bucket{le="0.1"} 1
podgate_t_seconds_bucket{le="+Inf"} 3
podgate_t_seconds_sum 1.5
podgate_t_seconds_count 3
# HELP podgate_g Things now.
# TYPE podgate_g gauge
podgate_g -1
'''

# What is broken, and how: a pattern and what it becomes.
BROKEN = [
    ("a sample without its family", r"\A.*\n.*\n", ""),
    ("no TYPE", r"# TYPE podgate_a.*\n", ""),
    ("TYPE after a sample", r"(# TYPE podgate_a.*\n)(.*\n)", r"\2\1"),
    ("HELP twice", r"# HELP podgate_g ", "# HELP podgate_a_total "),
    ("an unknown TYPE", " counter", " count"),
    ("a counter without _total", "podgate_a_total", "podgate_a"),
    ("a gauge with _total", "podgate_g", "podgate_g_total"),
    ("a wrong unit", "podgate_g", "podgate_g_ms"),
    ("a capital", "podgate_g", "podgate_G"),
    ("a foreign prefix", "podgate_g", "other_g"),
    ("a name like a histogram's sample", "podgate_g", "podgate_g_count"),
    ("help that is no sentence", "now[.]", "now"),
    ("a counter below 0", r"d\"} 1", 'd"} -1'),
    ("no number", "g -1", "g one"),
    ("a number that only some read", "g -1", "g 1_000"),
    ("two spaces", "g -1", "g  -1"),
    ("a timestamp", "g -1", "g -1 1700000000"),
    ("an unescaped quote", r"a\\\"b", 'a"b'),
    ("a bad escape", r"\\nd", r"\\td"),
    ("a sample twice", 'x="2",y=""', r'x="1",y="a\\"b\\\\c\\nd"'),
    ("a label twice", 'x="2",y', 'x="2",x'),
    ("other labels", ',y=""', ""),
    ("a label of Prometheus' own", "x=", "__x="),
    ("another family's sample in between", r"podgate_t_seconds_bucket{le=\"\+", 'podgate_a_total{le="+'),
    ("bounds that do not rise", r"(.*0\.1.*\n)(.*Inf.*\n)", r"\2\1"),
    ("buckets that do not add up", r'0\.1"} 1', '0.1"} 4'),
    ("+Inf is not the count", "_count 3", "_count 4"),
    ("no +Inf", r".*Inf.*\n", ""),
    ("no sum", r".*_sum.*\n", ""),
    ("an empty line", r"# HELP podgate_t", r"\n# HELP podgate_t"),
    ("a carriage return", "g -1", "g -1\r"),
    ("no end of the last line", r"\n\Z", ""),
]


def must(what, held):
    if not held:
        raise SystemExit(f"FAILED {what}")


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return path


def main():
    must("the good text is refused", scrape.check(GOOD) == [])
    for what, pattern, instead in BROKEN:
        bad = re.sub(pattern, instead, GOOD)
        must(f"{what}: nothing was changed", bad != GOOD)
        must(f"{what}: not seen", scrape.check(bad) != [])
    with tempfile.TemporaryDirectory() as folder:
        good = write(folder, "good", GOOD)
        later = write(folder, "later", GOOD.replace('nd"} 1', 'nd"} 2'))
        must("a counter that grew is refused", scrape.grown(good, later) == [])
        must("a counter that shrank: not seen", scrape.grown(later, good) != [])

        query = 'rate(podgate_a_total{x="podgate_label"}[5m]) / podgate_t_seconds_sum'
        board = {"panels": [{"targets": [{"expr": query}]}]}
        must("a good dashboard is refused", scrape.used(write(folder, "d.json", json.dumps(board)), good) == [])
        board["panels"][0]["targets"][0]["expr"] = query.replace("a_total", "b_total")
        must("a dashboard's query for nothing: not seen",
             scrape.used(write(folder, "e.json", json.dumps(board)), good) != [])
        alerts = "      - alert: A\n        expr: >-\n          podgate_g > 0\n          or podgate_h > 0\n"
        must("an alert's query for nothing: not seen", scrape.used(write(folder, "a.yaml", alerts), good) != [])
        must("a good alert is refused",
             scrape.used(write(folder, "b.yaml", alerts.replace("podgate_h", "podgate_g")), good) == [])

        manual = (".It Va podgate_a_total Pq counter by Va x , y\n.It Va podgate_t_seconds Pq histogram\n"
                  ".It Va podgate_g Pq gauge\n")
        must("a good page is refused", scrape.page(write(folder, "page", manual), good) == [])
        must("a label that the page does not tell of: not seen",
             scrape.page(write(folder, "less", manual.replace(" , y", "")), good) != [])
    print(f"{len(BROKEN)} ways to be wrong tried")


if __name__ == "__main__":
    main()
