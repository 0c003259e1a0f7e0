using FanOut.Contracts.Operations;
using FanOut.EventBus;
using FanOut.ServiceDefaults.Access;

namespace FanOut.Reclaimer.Kafka;

internal static class KafkaTriggerEndpoints
{
    public static void MapKafkaTrigger(this IEndpointRouteBuilder routes) => routes.MapGet("/kafka-trigger", Get)
        .RequireScope(Scopes.OpsRead)
        .WithTags("Kafka")
        .WithName("GetKafkaTrigger")
        .WithSummary("Get the measurements for a move to Kafka")
        .Produces<KafkaTriggerStatus>()
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private static IResult Get(KafkaTrigger trigger, StreamSampler sampler) => trigger.Latest is { } evaluation
        ? TypedResults.Ok(new KafkaTriggerStatus(
            evaluation.IsDue,
            evaluation.Time,
            evaluation.Note,
            [.. evaluation.Criteria.Select(View)],
            sampler.Latest is { } sample ? new RedisCapacity(sample.DeliveryRate, sample.RedisBusy, sample.MaxDeliveryRate) : null))
        : TypedResults.Problem("It runs when Redis and Postgres answer.", null, StatusCodes.Status503ServiceUnavailable, "Not evaluated yet.");

    private static KafkaCriterion View(KafkaTriggerCriterion criterion) => new(
        criterion.Name,
        criterion.Unit,
        criterion.Value,
        criterion.Limit,
        criterion.Margin,
        100 * criterion.Margin / criterion.Limit,
        criterion.IsOver,
        criterion.TrendPerDay,
        criterion.DaysLeft,
        [.. criterion.Days.Select(day => new KafkaDay(day.Day, day.Value))],
        criterion.Advice);
}
