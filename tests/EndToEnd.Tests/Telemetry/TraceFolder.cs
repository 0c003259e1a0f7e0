namespace FanOut.EndToEnd.Tests.Telemetry;

/// <summary>What the services have written under FANOUT_TRACE_FOLDER: a file per process, a line per ended span.</summary>
internal sealed class TraceFolder(string folder)
{
    public async Task<IReadOnlyList<WrittenSpan>> ReadAsync(CancellationToken cancellationToken)
    {
        var spans = new List<WrittenSpan>();
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.jsonl") : [])
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream);
            var text = await reader.ReadToEndAsync(cancellationToken);

            // The last line may be half written.
            spans.AddRange(text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(WrittenSpan.Parse));
        }

        return spans;
    }

    public async Task<IReadOnlyList<WrittenSpan>> OfTraceAsync(string traceId, CancellationToken cancellationToken) =>
        [.. (await ReadAsync(cancellationToken)).Where(span => span.TraceId == traceId)];
}
