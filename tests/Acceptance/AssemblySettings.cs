// Every test here starts processes that compute: side by side they would only take each other's time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
