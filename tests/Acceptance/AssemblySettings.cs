// Every test here starts processes that compute: side by side they would only take each other's time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
