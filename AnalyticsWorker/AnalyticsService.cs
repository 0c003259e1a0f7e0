using FanOut.AnalyticsWorker.Reporting;
using FanOut.Contracts;
using FanOut.ServiceDefaults;

namespace FanOut.AnalyticsWorker;

internal static class AnalyticsService
{
    public const string Group = "analytics-pipeline";

    public static void AddReports(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Reports>().AddSingleton<OrderEffects>();
        builder.Services.AddContractsValidation();
        builder.Services.AddOpenApi(options => options.Describe("FanOut analytics", "Revenue by day, and best-selling products."));
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default));
    }
}
