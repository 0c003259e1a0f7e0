using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace FanOut.Services.Tests.ServiceDefaults;

/// <summary>Keeps what a service logs of one event.</summary>
internal sealed class LogRecorder(EventId wanted) : ILoggerProvider, ILogger
{
    public ConcurrentQueue<(string Text, Exception? Exception)> Entries { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
        => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId == wanted)
        {
            Entries.Enqueue((formatter(state, exception), exception));
        }
    }

    public void Dispose()
    {
        // Outlives its host: the entries are read afterwards.
    }
}
