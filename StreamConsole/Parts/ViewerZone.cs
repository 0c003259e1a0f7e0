using Microsoft.JSInterop;

namespace FanOut.StreamConsole.Parts;

/// <summary>How far the viewer's clock is from UTC, for the axes of charts. Other times are written by the browser itself.</summary>
internal sealed class ViewerZone(IJSRuntime browser)
{
    private TimeSpan? _offset;

    public async ValueTask<TimeSpan> GetOffsetAsync() =>
        _offset ??= TimeSpan.FromMinutes(await browser.InvokeAsync<int>("fanout.minutesFromUtc"));
}
