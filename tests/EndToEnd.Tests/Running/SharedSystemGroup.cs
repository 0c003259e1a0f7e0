using Xunit;

namespace FanOut.EndToEnd.Tests.Running;

[CollectionDefinition(nameof(SharedSystemGroup))]
public sealed class SharedSystemGroup : ICollectionFixture<SharedSystem>;
