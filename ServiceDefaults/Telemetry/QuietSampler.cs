using System.Diagnostics;
using OpenTelemetry.Trace;

namespace FanOut.ServiceDefaults.Telemetry;

/// <summary>
/// An idle system makes no traces: a call to a database, to Redis or over HTTP that no recorded span caused is a poll, a lease or a health check. That holds for every sampler: orchestrators ask for always_on while developing.
/// </summary>
internal sealed class QuietSampler(Sampler inner) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.Kind == ActivityKind.Client && !samplingParameters.ParentContext.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
            ? new SamplingResult(SamplingDecision.Drop)
            : inner.ShouldSample(samplingParameters);
}
