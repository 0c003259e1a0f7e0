using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace FanOut.Services.Tests.ServiceDefaults;

/// <summary>Keeps all that a service logs, with the values of each message and its exceptions.</summary>
internal sealed class AllLogs : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Entries { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Entries.Enqueue($"{state}");
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs) : "";
        Entries.Enqueue($"{eventId} {formatter(state, exception)} {values} {exception}");
    }

    public void Dispose()
    {
        // Outlives its host: the entries are read afterwards.
    }
}
