"""tools/bench: runs the benchmarks, draws the report, compares two builds, writes the tables of the READMEs."""
