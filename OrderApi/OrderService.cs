using FanOut.Contracts;
using FanOut.OrderApi.Availability;
using FanOut.OrderApi.Placing;
using FanOut.OrderApi.Reading;
using FanOut.ServiceDefaults;

namespace FanOut.OrderApi;

internal static class OrderService
{
    public static void AddOrders(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<OrderWriter>();
        builder.Services.AddSingleton<OrderFinder>();
        builder.Services.AddExceptionHandler<OutboxFullHandler>();
        builder.Services.AddOptions<AdmissionOptions>().BindConfiguration(AdmissionOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddRateLimiter(limiter => limiter.AddPolicy<string, Admission>(Admission.Policy));
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default));
        builder.Services.AddContractsValidation();
        builder.Services.AddOpenApi(options => options.Describe("FanOut orders", "Takes orders and publishes each exactly once."));
    }

    public static void MapOrders(this WebApplication app)
    {
        app.UseRateLimiter();
        var orders = app.MapGroup("").WithTags("Orders").RequireRateLimiting(Admission.Policy);
        orders.MapPlacing();
        orders.MapReading();
    }
}
