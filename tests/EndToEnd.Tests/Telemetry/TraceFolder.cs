using System.Text;

namespace FanOut.EndToEnd.Tests.Telemetry;

/// <summary>The spans under FANOUT_TRACE_FOLDER: a file per process, a line per ended span. Each call reads only new lines.</summary>
internal sealed class TraceFolder(string folder)
{
    private readonly Dictionary<string, long> _read = [];
    private readonly List<WrittenSpan> _spans = [];

    public async Task<IReadOnlyList<WrittenSpan>> ReadAsync(CancellationToken cancellationToken)
    {
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.jsonl") : [])
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Position = _read.GetValueOrDefault(file);
            using var rest = new MemoryStream();
            await stream.CopyToAsync(rest, cancellationToken);

            // The last line may be incomplete.
            var whole = rest.GetBuffer().AsSpan(0, (int)rest.Length).LastIndexOf((byte)'\n') + 1;
            var lines = Encoding.UTF8.GetString(rest.GetBuffer(), 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            _spans.AddRange(lines.Select(WrittenSpan.Parse));
            _read[file] = _read.GetValueOrDefault(file) + whole;
        }

        return [.. _spans];
    }

    public async Task<IReadOnlyList<WrittenSpan>> OfTraceAsync(string traceId, CancellationToken cancellationToken) =>
        [.. (await ReadAsync(cancellationToken)).Where(span => span.TraceId == traceId)];
}
