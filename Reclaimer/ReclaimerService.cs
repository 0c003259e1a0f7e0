using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.Reclaimer.Actions;
using FanOut.Reclaimer.DeadLetters;
using FanOut.Reclaimer.Events;
using FanOut.Reclaimer.Kafka;
using FanOut.Reclaimer.Streams;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.WorkQueues;

namespace FanOut.Reclaimer;

internal static class ReclaimerService
{
    public static void AddOperations(this IHostApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, OperationsJson.Default);
            options.SerializerOptions.Converters.Add(new WholeNumberConverter<long>());
        });
        builder.Services.AddContractsValidation();
        builder.Services.AddSingleton<ActionLog>().AddSingleton(ActionLog.Sweep).AddHostedService<Sweeper>();
        builder.Services.AddOpenApi(options => options.Describe(
            "FanOut operations",
            "Shows the stream, its events and its groups, pauses groups, redrives and discards dead letters, and tells when to move to Kafka."));
    }

    public static void MapOperations(this IEndpointRouteBuilder routes)
    {
        routes.MapStreams();
        routes.MapGroups();
        routes.MapGroupBacklogs();
        routes.MapEvents();
        routes.MapDeadLetters();
        routes.MapKafkaTrigger();
        routes.MapActions();
    }
}
