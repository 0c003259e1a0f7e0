using Microsoft.AspNetCore.Components;

namespace FanOut.StreamConsole.Parts;

/// <summary>A page with a list, newest first. Its address has the cursor; the first page is read again while somebody looks at it.</summary>
/// <typeparam name="T">A page of the list.</typeparam>
public abstract class ListPage<T> : LivePage
    where T : class
{
    private protected const int PageSize = 50;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private bool _isShown;
    private bool _isReading;
    private string? _shown;
    private DateTimeOffset _readAt;

    [SupplyParameterFromQuery]
    public string? After { get; set; }

    /// <summary>What is shown.</summary>
    private protected T? Page { get; set; }

    [Inject]
    private protected TimeProvider Time { get; set; } = null!;

    private protected bool IsFirst => string.IsNullOrEmpty(After);

    private protected abstract override string Service { get; }

    private protected abstract Task<T> ReadAsync(string? after);

    protected override async Task OnParametersSetAsync()
    {
        if (!_isShown || After != _shown)
        {
            (_isShown, _shown) = (true, After);
            await ReadAsync();
        }
    }

    protected override async Task RefreshAsync()
    {
        if ((IsFirst || Failure is { IsAway: true }) && !_isReading && Time.GetUtcNow() - _readAt >= Interval)
        {
            await ReadAsync();
        }
    }

    private async Task ReadAsync()
    {
        (_isReading, _readAt) = (true, Time.GetUtcNow());
        var after = After;
        await TryAsync(Service, async () =>
        {
            var page = await ReadAsync(string.IsNullOrEmpty(after) ? null : after);
            Page = after == After ? page : Page;
        });
        _isReading = false;
    }
}
