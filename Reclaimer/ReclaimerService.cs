using FanOut.Contracts.Operations;
using FanOut.Reclaimer.DeadLetters;
using FanOut.Reclaimer.Kafka;
using FanOut.Reclaimer.Streams;

namespace FanOut.Reclaimer;

internal static class ReclaimerService
{
    public static void AddOperations(this IHostApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, OperationsJson.Default));
        builder.Services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "FanOut operations";
            document.Info.Description = "Shows how the stream and its groups stand, decides about dead letters, and says when it is time to move to Kafka.";
            return Task.CompletedTask;
        }));
    }

    public static void MapOperations(this IEndpointRouteBuilder routes)
    {
        routes.MapStreams();
        routes.MapDeadLetters();
        routes.MapKafkaTrigger();
    }
}
