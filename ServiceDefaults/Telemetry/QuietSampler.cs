using System.Diagnostics;
using OpenTelemetry.Trace;

namespace FanOut.ServiceDefaults.Telemetry;

/// <summary>
/// Drops client spans without a recorded parent: these are polls, leases and health checks, and an idle system must make no traces.
/// This holds for every configured sampler: orchestrators set always_on in development.
/// </summary>
internal sealed class QuietSampler(Sampler inner) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.Kind == ActivityKind.Client && !samplingParameters.ParentContext.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
            ? new SamplingResult(SamplingDecision.Drop)
            : inner.ShouldSample(samplingParameters);
}
