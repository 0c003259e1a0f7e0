using System.Diagnostics;
using OpenTelemetry.Trace;

namespace FanOut.ServiceDefaults.Telemetry;

/// <summary>
/// An idle system makes no traces: a call to a database, to Redis or over HTTP that no request and no event caused is a poll, a lease or a health check.
/// </summary>
internal sealed class QuietSampler(Sampler inner) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.ParentContext.TraceId == default && samplingParameters.Kind == ActivityKind.Client
            ? new SamplingResult(SamplingDecision.Drop)
            : inner.ShouldSample(samplingParameters);
}
