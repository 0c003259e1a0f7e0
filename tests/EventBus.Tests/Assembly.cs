using FanOut.TestServers;

[assembly: AssemblyFixture(typeof(ServersInUse))]
