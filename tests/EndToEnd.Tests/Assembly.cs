using Xunit.Sdk;
using Xunit.v3;

// Several systems at once would only compete for the CPU.
[assembly: Parallelization(Mode = ParallelMode.None)]
