using Xunit.Sdk;
using Xunit.v3;

// Several systems at once would only fight for the processor.
[assembly: Parallelization(Mode = ParallelMode.None)]
