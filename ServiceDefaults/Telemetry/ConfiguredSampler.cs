using System.Globalization;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace FanOut.ServiceDefaults.Telemetry;

/// <summary>The sampler of OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG: the SDK reads them only if no sampler is set in code.</summary>
internal static class ConfiguredSampler
{
    public const string Key = "OTEL_TRACES_SAMPLER";
    public const string ArgumentKey = "OTEL_TRACES_SAMPLER_ARG";

    public static Sampler From(IConfiguration configuration) => configuration[Key]?.Trim() switch
    {
        null or "" or "parentbased_always_on" => new ParentBasedSampler(new AlwaysOnSampler()),
        "always_on" => new AlwaysOnSampler(),
        "always_off" => new AlwaysOffSampler(),
        "parentbased_always_off" => new ParentBasedSampler(new AlwaysOffSampler()),
        "traceidratio" => new TraceIdRatioBasedSampler(Ratio(configuration)),
        "parentbased_traceidratio" => new ParentBasedSampler(new TraceIdRatioBasedSampler(Ratio(configuration))),
        var other => throw new InvalidOperationException(
            $"{Key} is '{other}'. Set it to [parentbased_]always_on, [parentbased_]always_off or [parentbased_]traceidratio."),
    };

    private static double Ratio(IConfiguration configuration) => configuration[ArgumentKey] switch
    {
        null or "" => 1,
        var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1 => ratio,
        var text => throw new InvalidOperationException($"{ArgumentKey} is '{text}'. Set it to a number from 0 to 1."),
    };
}
