using FanOut.StreamConsole.Clients;
using FanOut.StreamConsole.Live;
using Microsoft.AspNetCore.Components;

namespace FanOut.StreamConsole.Parts;

/// <summary>A page that follows the state of the system: it is drawn again after each reading, every two seconds.</summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private IDisposable? _subscription;
    private SystemStatus? _answeredAt;
    private bool _isGone;

    [Inject]
    private protected Viewer Viewer { get; set; } = null!;

    [Inject]
    private protected LiveStatus Live { get; set; } = null!;

    private protected ServiceClients Clients { get; private set; } = null!;

    private protected SystemStatus? Status { get; private set; }

    /// <summary>Why the last request of this page did not succeed; null where it did.</summary>
    private protected Failure? Failure { get; set; }

    /// <summary>The service that has what the page shows; null where that is several.</summary>
    private protected virtual string? Service => null;

    /// <summary>
    /// What is shown to be wrong: <see cref="Failure"/>, or that the page's service did not answer when the state was read, unless it has since.
    /// </summary>
    private protected Failure? Notice =>
        Failure ?? (Service is { } service && Status != _answeredAt ? Status?.Health[service].Failure : null);

    /// <summary>Cancelled when the viewer leaves the page.</summary>
    private protected CancellationToken Left => _isGone ? new CancellationToken(true) : _left.Token;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected sealed override async Task OnInitializedAsync()
    {
        Clients = await Viewer.GetClientsAsync();
        Status = await Live.GetAsync(Clients);
        await LoadAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        // Not before the services are known.
        if (_subscription is null && Clients is not null && !_isGone)
        {
            _subscription = Live.Subscribe(Clients, status => _ = InvokeAsync(() => ChangeAsync(status)));
        }
    }

    /// <summary>Reads what the page shows beside the status. See <see cref="TryAsync"/> for failures that are expected.</summary>
    protected virtual Task LoadAsync() => Task.CompletedTask;

    /// <summary>Called after each reading of the status.</summary>
    protected virtual Task RefreshAsync() => Task.CompletedTask;

    /// <summary>Reads the status now: after an action, nobody wants to wait for the next reading.</summary>
    private protected async Task RereadAsync()
    {
        Status = await Live.ReadAsync(Clients);
        await RefreshAsync();
    }

    /// <summary>Asks a service, and shows why where it does not do it.</summary>
    /// <returns>Whether it did.</returns>
    private protected async Task<bool> TryAsync(string service, Func<Task> ask, bool isAction = false)
    {
        try
        {
            await ask();
            (Failure, _answeredAt) = (null, Status);
            return true;
        }
        catch (Exception e) when (Failure.IsExpected(e))
        {
            if (!Left.IsCancellationRequested)
            {
                Failure = Failure.Of(e, service, isAction);
            }

            return false;
        }
    }

    protected virtual void Dispose(bool disposing)
    {
        _isGone = true;
        _subscription?.Dispose();
        _left.Cancel();
        _left.Dispose();
    }

    private async Task ChangeAsync(SystemStatus status)
    {
        if (!_isGone)
        {
            Status = status;
            var refreshed = RefreshAsync();
            if (!refreshed.IsCompleted)
            {
                StateHasChanged();
            }

            try
            {
                await refreshed;
                StateHasChanged();
            }
            catch (Exception e) when (!_isGone)
            {
                // Nobody awaits this: it would not be seen.
                await DispatchExceptionAsync(e);
            }
        }
    }
}
