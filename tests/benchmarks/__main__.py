"""Every benchmark of the project, one after the other: `make bench`."""

from tests.benchmarks import redaction, speech

if __name__ == "__main__":
    for benchmark in (redaction, speech):
        print(f"\n== {benchmark.__name__.rpartition('.')[2]}")
        benchmark.main()
