namespace FanOut.TestServers;

/// <summary>A server could not be started or stopped; the message ends with the last lines it logged.</summary>
public sealed class TestServerException : Exception
{
    public TestServerException(string message) : base(message) { }

    public TestServerException(string message, Exception innerException) : base(message, innerException) { }

    public TestServerException() { }
}
