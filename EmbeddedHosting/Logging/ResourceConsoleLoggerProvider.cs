using Microsoft.Extensions.Logging;

namespace FanOut.EmbeddedHosting.Logging;

internal sealed class ResourceConsoleLoggerProvider(ResourceConsole console) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new ConsoleLogger(console);

    public void Dispose()
    {
    }

    private sealed class ConsoleLogger(ResourceConsole console) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is not LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var level = logLevel switch
            {
                LogLevel.Warning => "warning: ",
                LogLevel.Error or LogLevel.Critical => "error: ",
                _ => "",
            };
            foreach (var line in $"{level}{formatter(state, exception)}".Split('\n'))
            {
                console.WriteLine(ResourceConsole.HostName, line.TrimEnd('\r'));
            }

            if (exception is not null)
            {
                console.WriteLine(ResourceConsole.HostName, exception.ToString());
            }
        }
    }
}
