using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OpenTelemetry;

namespace FanOut.ServiceDefaults.Telemetry;

/// <summary>
/// Writes each ended span as a line of JSON to <c>{service.name}-{service.instance.id}.jsonl</c> in the folder that FANOUT_TRACE_FOLDER names:
/// one file per process, so that a test or a person can put a trace together across processes without a collector. Not for production: it writes on the caller's thread.
/// </summary>
internal sealed class TraceFolderExporter(string folder) : BaseExporter<Activity>
{
    public const string Key = "FANOUT_TRACE_FOLDER";

    private readonly Lock _lock = new();
    private FileStream? _file;
    private string _service = "unknown";

    public override ExportResult Export(in Batch<Activity> batch)
    {
        lock (_lock)
        {
            _file ??= Open();
            foreach (var span in batch)
            {
                Write(_file, span);
            }

            _file.Flush();
        }

        return ExportResult.Success;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file?.Dispose();
        }

        base.Dispose(disposing);
    }

    private static string File(string name) => string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '.' ? character : '_'));

    private FileStream Open()
    {
        var resource = ParentProvider.GetResource().Attributes.ToDictionary(attribute => attribute.Key, attribute => attribute.Value.ToString() ?? "");
        _service = resource.GetValueOrDefault("service.name", _service);
        Directory.CreateDirectory(folder);
        var name = File($"{_service}-{resource.GetValueOrDefault("service.instance.id", "0")}");
        return new FileStream(Path.Combine(folder, name + ".jsonl"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    }

    private void Write(Stream stream, Activity span)
    {
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("service", _service);
            json.WriteString("source", span.Source.Name);
            json.WriteString("name", span.DisplayName);
            json.WriteString("kind", span.Kind.ToString());
            json.WriteString("traceId", span.TraceId.ToHexString());
            json.WriteString("spanId", span.SpanId.ToHexString());
            if (span.ParentSpanId != default)
            {
                json.WriteString("parentSpanId", span.ParentSpanId.ToHexString());
            }

            json.WriteString("start", span.StartTimeUtc.ToString("O", CultureInfo.InvariantCulture));
            json.WriteNumber("durationMs", span.Duration.TotalMilliseconds);
            json.WriteString("status", span.Status.ToString());
            json.WriteStartArray("links");
            foreach (var link in span.Links)
            {
                json.WriteStartObject();
                json.WriteString("traceId", link.Context.TraceId.ToHexString());
                json.WriteString("spanId", link.Context.SpanId.ToHexString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("events");
            foreach (var happened in span.Events)
            {
                json.WriteStringValue(happened.Name);
            }

            json.WriteEndArray();
            json.WriteStartObject("tags");
            foreach (var (name, value) in span.TagObjects.DistinctBy(tag => tag.Key))
            {
                json.WriteString(name, Convert.ToString(value, CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }
}
