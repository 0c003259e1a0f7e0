using FanOut.AnalyticsWorker.Reporting;
using FanOut.Contracts;

namespace FanOut.AnalyticsWorker;

internal static class AnalyticsService
{
    public static void AddReports(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Reports>();
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default));
    }
}
