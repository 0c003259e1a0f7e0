using Xunit;

namespace FanOut.EndToEnd.Tests.Running;

[CollectionDefinition(nameof(FaultySystemGroup))]
public sealed class FaultySystemGroup : ICollectionFixture<FaultySystem>;
