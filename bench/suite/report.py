# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the report's files: index.html, summary.json, runs.json, and each plot as a file."""
import json
import shutil

from . import figures, page


def as_json(thing):
    return json.dumps(thing, indent=1, ensure_ascii=False) + "\n"


def write(out, facts, bench):
    """Exit code: 1 when anything failed that was to be measured."""
    results = figures.results(bench.runs)
    if not facts["partial"]:
        for result in results:
            if result.value is None:
                bench.problem("figures", result.figure.name, "it was not measured")
    html, sections = page.render(results, facts, bench)
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "plots", ignore_errors=True)
    (out / "plots").mkdir()
    for section in sections:
        if section.plot:
            (out / "plots" / f"{section.name}.svg").write_text(section.plot, encoding="utf-8")
    (out / "index.html").write_text(html, encoding="utf-8")
    (out / "summary.json").write_text(as_json([result.summary() for result in results]), encoding="utf-8")
    (out / "runs.json").write_text(
        as_json({**facts, "problems": bench.problems, "texts": bench.texts, "runs": bench.runs}), encoding="utf-8"
    )
    print_summary(results, facts, bench, out)
    return 1 if bench.problems else 0


def print_summary(results, facts, bench, out):
    print(f"\n{'figure':28}{'measured':>10}   target")
    for result in results:
        figure = result.figure
        value = "-" if result.value is None else f"{result.value:.{figure.digits}f}"
        verdict = "met" if result.met else "not measured" if result.value is None else "NOT MET"
        print(
            f"{figure.name:28}{value:>10}  "
            f" {figure.sense} {figure.target:g} {'' if figure.unit == 'x' else figure.unit:4} {verdict}"
        )
    for problem in bench.problems:
        print(f"FAILED {problem['workload']}, {problem['contender']}: {problem['reason']}")
    print(f"\n{out / 'index.html'} ({facts['seconds']} s)")
