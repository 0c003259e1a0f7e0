using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.Reclaimer.DeadLetters;
using FanOut.Reclaimer.Kafka;
using FanOut.Reclaimer.Streams;
using FanOut.ServiceDefaults;

namespace FanOut.Reclaimer;

internal static class ReclaimerService
{
    public static void AddOperations(this IHostApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, OperationsJson.Default));
        builder.Services.AddContractsValidation();
        builder.Services.AddOpenApi(options => options.Describe(
            "FanOut operations",
            "Shows how the stream and its groups stand, decides about dead letters, and says when it is time to move to Kafka."));
    }

    public static void MapOperations(this IEndpointRouteBuilder routes)
    {
        routes.MapStreams();
        routes.MapDeadLetters();
        routes.MapKafkaTrigger();
    }
}
