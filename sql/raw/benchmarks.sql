-- One row is one version of a suite's benchmark.
FROM lake.benchmarks
