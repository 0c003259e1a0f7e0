using System.Globalization;
using Microsoft.JSInterop;

namespace FanOut.StreamConsole.Parts;

/// <summary>How far the viewer's clock is from UTC, for the axes of charts. Other times are written by the browser itself.</summary>
internal sealed class ViewerZone(IJSRuntime browser)
{
    private TimeSpan? _offset;

    public async ValueTask<TimeSpan> GetOffsetAsync() =>
        _offset ??= TimeSpan.FromMinutes(await browser.InvokeAsync<int>("fanout.minutesFromUtc"));

    /// <summary>A time of the viewer's clock, with the offset that the zone has then: in another season it differs.</summary>
    public async ValueTask<DateTimeOffset> ToUtcAsync(DateTime local)
    {
        var text = local.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        var minutes = await browser.InvokeAsync<int>("fanout.minutesFromUtc", text);
        return new DateTimeOffset(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), TimeSpan.FromMinutes(minutes)).ToUniversalTime();
    }
}
