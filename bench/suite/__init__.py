# SPDX-License-Identifier: GPL-2.0-or-later
"""podgate's benchmark suite: `bench/run.sh` starts it. docs/PERFORMANCE.md says what is measured and why so."""
