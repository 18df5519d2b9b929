# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers and pieces of HTML as the report writes them."""
import html

NONE = "–"
THIN = "\u202f"  # between thousands, and before a unit


def grouped(number):
    return f"{number:,}".replace(",", THIN)


def plain(number, digits=0):
    if number is None:
        return NONE
    return grouped(round(number)) if digits == 0 else f"{number:,.{digits}f}".replace(",", THIN)


def significant(number, digits=3):
    """12 345 -> 12 300, 1.2345 -> 1.23."""
    if number is None:
        return NONE
    if number == 0:
        return "0"
    whole = len(str(int(abs(number)))) if abs(number) >= 1 else 0
    if whole >= digits:
        return grouped(int(round(number, digits - whole)))
    leading = 0
    while whole == 0 and abs(number) < 10 ** -(leading + 1) and leading < 6:
        leading += 1
    return f"{number:.{digits - whole + leading}f}"


def rate(number):
    """645 805 -> 646 k"""
    if number is None:
        return NONE
    if number >= 999_500:
        return f"{number / 1e6:.2f}{THIN}M"
    return f"{significant(number / 1e3)}{THIN}k" if number >= 1000 else significant(number)


def microseconds(nanoseconds):
    """A time in the unit that reads best."""
    if nanoseconds is None:
        return NONE
    if nanoseconds >= 999_500:
        return f"{significant(nanoseconds / 1e6)}{THIN}ms"
    return f"{significant(nanoseconds / 1e3)}{THIN}µs"


def escape(text):
    return html.escape(str(text))


def tag(name, inside, **attributes):
    """`inside` is HTML already."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{inside}</{name}>"


def table(columns, rows, **attributes):
    """Columns: (title, is it a number). Rows: lists of HTML, or (class, list)."""
    head = tag(
        "tr", "".join(tag("th", title, class_="n" if numeric else None, scope="col") for title, numeric in columns)
    )
    body = []
    for row in rows:
        kind, cells = row if isinstance(row, tuple) else (None, row)
        body.append(
            tag(
                "tr",
                "".join(tag("td", cell, class_="n" if numeric else None) for cell, (_, numeric) in zip(cells, columns)),
                class_=kind,
            )
        )
    return tag("div", tag("table", tag("thead", head) + tag("tbody", "".join(body)), **attributes), class_="scroll")
