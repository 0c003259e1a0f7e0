using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FanOut.ServiceDefaults.Access;

internal sealed partial class UnencryptedKeysWarning(ILogger<UnencryptedKeysWarning> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Log.NotEncrypted(logger);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(7031, LogLevel.Warning,
            "The keys that encrypt secrets are not encrypted themselves, so a copy of the database has both. Set DataProtection:Certificate:Path.")]
        public static partial void NotEncrypted(ILogger logger);
    }
}
