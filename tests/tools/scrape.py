#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Reads metrics as a strict server of them would, https://prometheus.io/docs/instrumenting/exposition_formats/ (text
format 0.0.4), and holds names and units against https://prometheus.io/docs/practices/naming/.

  scrape.py check FILE              every rule that it breaks is a line; exit 1
  scrape.py grown EARLIER LATER     counters that shrank, or began below what they were: exit 1
  scrape.py page MANUAL FILE        families whose labels the manual page has otherwise: exit 1
  scrape.py used QUERIES FILE       metrics that a dashboard (JSON) or alerts (YAML) ask for and FILE has not: exit 1
  scrape.py dashboard FILE          what of a Grafana dashboard would not show: exit 1
  scrape.py rules FILE              its queries as rules, for promtool to parse

Several at once, but for the last, with a + between them.
"""

import json
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
VALUE = r"[-+]?(?:[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|Inf)|NaN"
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)\}})? ({VALUE})$")
# Base units only; a counter's last word is total.
BAD_UNITS = re.compile(r"_(ms|milliseconds|us|microseconds|ns|nanoseconds|minutes|hours|kib|mib|kilobytes|kb|percent)(_|$)")


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.kind, self.samples = name, text, None, []


def parse(text):
    """The families in order, and the list of what is wrong."""
    families, problems, current = {}, [], None
    if not text.endswith("\n"):
        problems.append("the last line has no end")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        def wrong(what):
            problems.append(f"line {number}: {what}: {line}")
        if match := re.match(rf"# HELP ({NAME}) (.+)$", line):
            name = match[1]
            if name in families:
                wrong("a second HELP")
            if re.search(r"\\(?![\\n])", match[2].replace("\\\\", "")):
                wrong("a bad escape")
            current = families.setdefault(name, Family(name, match[2]))
        elif match := re.match(rf"# TYPE ({NAME}) (counter|gauge|histogram)$", line):
            if current is None or match[1] != current.name or current.kind or current.samples:
                wrong("TYPE must follow its HELP, once, before all samples")
            else:
                current.kind = match[2]
        elif match := SAMPLE.match(line):
            if current is None or current.kind is None:
                wrong("a sample of no family")
                continue
            suffix = match[1][len(current.name):] if match[1].startswith(current.name) else None
            if suffix not in (["_bucket", "_sum", "_count"] if current.kind == "histogram" else [""]):
                wrong(f"not a sample of {current.name}, the family begun last")
                continue
            labels = re.findall(LABEL, match[2] or "")
            if len(dict(labels)) != len(labels):
                wrong("a label twice")
            text_of, value = line.rsplit(" ", 1)
            current.samples.append((suffix, dict(labels), float(value), text_of))
        else:
            wrong("neither HELP, TYPE nor a sample")
    return families, problems


def check_histogram(family, problems):
    groups = {}
    for suffix, labels, value, _ in family.samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        groups.setdefault(key, []).append((suffix, labels.get("le"), value))
    for group in groups.values():
        bounds = [(float(le), value) for suffix, le, value in group if suffix == "_bucket"]
        count = [value for suffix, _, value in group if suffix == "_count"]
        if len(count) != 1 or len([1 for suffix, _, _ in group if suffix == "_sum"]) != 1:
            problems.append(f"{family.name}: one _sum and one _count")
        if any(a >= b or x > y for (a, x), (b, y) in zip(bounds, bounds[1:])):
            problems.append(f"{family.name}: bounds or counts that do not rise")
        if not bounds or bounds[-1][0] != float("inf") or [bounds[-1][1]] != count:
            problems.append(f"{family.name}: +Inf must come last and be the count")


def check(text):
    families, problems = parse(text)
    for family in families.values():
        seen, names = set(), None
        if family.kind is None:
            problems.append(f"{family.name}: no TYPE")
        if not re.fullmatch(r"(podgate|process)(_[a-z0-9]+)+", family.name) or BAD_UNITS.search(family.name):
            problems.append(f"{family.name}: not how a metric is named")
        if (family.kind == "counter") != family.name.endswith("_total"):
            problems.append(f"{family.name}: _total is for counters, and for all of them")
        if re.search(r"_(count|sum|bucket)$", family.name):
            problems.append(f"{family.name}: ends as a histogram's sample does")
        if not family.help.endswith("."):
            problems.append(f"{family.name}: its help is no sentence")
        for suffix, labels, value, text_of in family.samples:
            if text_of in seen:
                problems.append(f"{text_of}: twice")
            seen.add(text_of)
            if family.kind != "gauge" and not 0 <= value < float("inf"):
                problems.append(f"{text_of}: no counter is {value}")
            if any(label.startswith("__") for label in labels) or ("le" in labels) != (suffix == "_bucket"):
                problems.append(f"{text_of}: a label that it may not have")
            if suffix == "":
                names = names or list(labels)
                if names != list(labels):
                    problems.append(f"{text_of}: other labels than its family's {names}")
        if family.kind == "histogram":
            check_histogram(family, problems)
    return problems


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def samples(path):
    return {text: value for family in parse(read(path))[0].values() for _, _, value, text in family.samples}


def grown(earlier, later):
    problems, before = [], samples(earlier)
    for family in parse(read(later))[0].values():
        if family.kind == "gauge":
            continue
        for _, _, value, text in family.samples:
            if value < before.get(text, 0):
                problems.append(f"{text}: {before[text]} became {value}")
    return problems


def page(manual, path):
    problems = []
    entries = dict(re.findall(rf"^\.It Va ({NAME}) Pq \w+(?: by Va (.*))?$", read(manual), re.M))
    for family in parse(read(path))[0].values():
        told = [label for label in entries.get(family.name, "").split(" , ") if label]
        has = list(family.samples[0][1]) if family.samples else told
        if family.name not in entries:
            problems.append(f"{family.name} is not in the page")
        elif family.kind != "histogram" and told != has:
            problems.append(f"{family.name}: has {has}, the page says {told}")
    return problems


def queries(path):
    text = read(path)
    if path.endswith(".json"):
        found = []

        def walk(value):
            if isinstance(value, dict):
                for key, inner in value.items():
                    if key in ("expr", "query", "definition") and isinstance(inner, str):
                        found.append(inner)
                    walk(inner)
            elif isinstance(value, list):
                for inner in value:
                    walk(inner)
        walk(json.loads(text))
        return found
    return re.findall(r"^\s*expr: (.*(?:\n {10,}.*)*)", text, re.M)


def used(path, scrape):
    families = parse(read(scrape))[0]
    have = set(families)
    for family in families.values():
        if family.kind == "histogram":
            have |= {family.name + suffix for suffix in ("_bucket", "_sum", "_count")}
    wanted = set()
    for query in queries(path):
        wanted |= set(re.findall(r"\b(?:podgate|process)_[a-z0-9_]+", re.sub(r'"[^"]*"', "", query)))
    if not wanted:
        return ["it asks for nothing: this looked in the wrong place"]
    return [f"{name} is asked for, and there is none" for name in sorted(wanted - have)]


def dashboard(path):
    problems, ids, taken = [], set(), {}
    board = json.loads(read(path))
    for key, kind in {"title": str, "uid": str, "schemaVersion": int, "panels": list, "templating": dict}.items():
        if not isinstance(board.get(key), kind):
            problems.append(f"{key} is no {kind.__name__}")
    variables = {item["name"] for item in board["templating"]["list"]}
    for panel in board["panels"]:
        title, place = panel.get("title"), panel["gridPos"]
        if not title or panel["id"] in ids:
            problems.append(f"panel {panel['id']} {title!r}: a title, and an id of its own")
        ids.add(panel["id"])
        if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > 24:
            problems.append(f"{title}: not within the 24 columns")
        for cell in [(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])]:
            if taken.setdefault(cell, title) != title:
                problems.append(f"{title}: lies over {taken[cell]}")
                break
        if panel["type"] == "row":
            continue
        if not panel.get("targets") or not all(t.get("expr") and t.get("datasource") for t in panel["targets"]):
            problems.append(f"{title}: a panel asks for something of some data source")
        if len({t["refId"] for t in panel.get("targets", [])}) != len(panel.get("targets", [])):
            problems.append(f"{title}: a refId twice")
    for used_variable in set(re.findall(r"\$\{?(\w+)", " ".join(queries(path)))) - variables:
        if not used_variable.startswith("__"):
            problems.append(f"${used_variable} is no variable")
    return problems


def rules(path):
    asked = [query.replace("$__rate_interval", "5m") for query in queries(path)
             if re.search(r"\b(?:podgate|process)_", query) and not query.startswith("label_values(")]
    return json.dumps({"groups": [{"name": "dashboard", "rules": [
        {"record": f"query:{number}", "expr": query} for number, query in enumerate(asked)]}]})


def main(argv):
    commands = {"check": lambda path: check(read(path)), "grown": grown, "page": page, "used": used,
                "dashboard": dashboard}
    if len(argv) < 3:
        sys.exit(__doc__)
    if argv[1] == "rules":
        print(rules(argv[2]))
        return 0
    problems, asked = [], " ".join(argv[1:]).split(" + ")
    for command, *files in (item.split() for item in asked):
        problems += commands[command](*files)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
