using FanOut.TestServers;
using Xunit;

[assembly: AssemblyFixture(typeof(ServersInUse))]
