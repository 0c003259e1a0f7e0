using FanOut.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Records the actions of routes with a <see cref="RecordedAction"/>. The record comes first: without one there is no action.</summary>
internal sealed partial class ActionRecords(
    RequestDelegate next,
    IProblemDetailsService problems,
    IConfiguration configuration,
    IHostEnvironment environment,
    ILogger<ActionRecords> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FinishTimeout = TimeSpan.FromSeconds(5);

    // As telemetry names it.
    private readonly string _service = configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } name ? name : environment.ApplicationName;

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RecordedAction>() is not { } action)
        {
            await next(context);
            return;
        }

        var dataSource = context.RequestServices.GetRequiredService<NpgsqlDataSource>();
        ActionRecord record;
        try
        {
            record = await ActionRecord.BeginAsync(dataSource, context.Request, _service, action.Name, context.RequestAborted);
        }
        catch (NpgsqlException e)
        {
            // The others of the pool are probably like it: sessions on a node that was demoted.
            dataSource.Clear();
            Log.NotRecorded(logger, action.Name, e.Message);
            await problems.WriteUnavailableAsync(
                context,
                RetryAfter,
                "The action cannot be recorded.",
                "Nothing was changed: a change needs a record of who made it. Send it again later.");
            return;
        }

        context.Features.Set(record);
        var isFinished = false;

        // Before the answer, so that who has it finds the whole record; an exception has become an answer then. Who has gone gets none.
        context.Response.OnStarting(FinishAsync);
        context.Response.OnCompleted(FinishAsync);
        await next(context);

        async Task FinishAsync()
        {
            if (isFinished)
            {
                return;
            }

            isFinished = true;
            try
            {
                using var timeout = new CancellationTokenSource(FinishTimeout);
                await record.FinishAsync(context.Response.StatusCode, timeout.Token);
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
            {
                Log.NotFinished(logger, action.Name, e.Message);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(7040, LogLevel.Warning, "'{Action}' was answered 503, because it could not be recorded: {Reason}")]
        public static partial void NotRecorded(ILogger logger, string action, string reason);

        [LoggerMessage(7041, LogLevel.Warning, "How '{Action}' ended could not be recorded: {Reason}")]
        public static partial void NotFinished(ILogger logger, string action, string reason);
    }
}
