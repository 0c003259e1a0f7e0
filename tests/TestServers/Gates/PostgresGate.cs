using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace FanOut.TestServers.Gates;

/// <summary>
/// Stands on loopback between one actor and Postgres, or PgBouncer. Logging in passes; then each call goes through the actor's
/// <see cref="CallGate"/>. One call is what a client sends before it waits for an answer: a statement, a batch, a copy.
/// A call or a reply that is lost ends the session. Notifications of LISTEN do not arrive before the next reply.
/// </summary>
public sealed class PostgresGate : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<GatedSession, byte> _sessions = new();
    private readonly CallGate _gate;
    private readonly int _serverPort;
    private readonly Task _accepting;
    private volatile bool _isLoadingTypes;

    private PostgresGate(int serverPort, CallGate gate)
    {
        (_serverPort, _gate) = (serverPort, gate);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Task.Run(AcceptAsync);
        _ = EndWithActorAsync();
    }

    /// <summary>Where the actor connects to.</summary>
    public int Port { get; }

    /// <param name="serverPort">Of Postgres, on loopback.</param>
    /// <param name="gate">The actor's.</param>
    public static PostgresGate Start(int serverPort, CallGate gate) => new(serverPort, gate);

    /// <summary>Opens a first session, whose calls pass: Npgsql asks the server for its types once, and that is no call of the actor's.</summary>
    public async Task LoadTypesAsync(NpgsqlDataSource postgres, CancellationToken cancellationToken)
    {
        for (_isLoadingTypes = true; _isLoadingTypes;)
        {
            try
            {
                await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
                _isLoadingTypes = false;
            }
            catch (NpgsqlException) when (!cancellationToken.IsCancellationRequested)
            {
                // The schedule ends sessions, this one too.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        EndSessions();
    }

    internal Task<T> PassAsync<T>(Func<Task<T>> call) =>
        _isLoadingTypes ? call() : _gate.PassAsync(call, () => new IOException("The schedule has cut this session."));

    private async Task EndWithActorAsync()
    {
        await _gate.Died;
        EndSessions();
    }

    private void EndSessions()
    {
        foreach (var session in _sessions.Keys)
        {
            session.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            var session = new GatedSession(client, this);
            _sessions[session] = 0;
            _ = ServeAsync(session);
            if (_gate.IsDead)
            {
                session.Dispose();
            }
        }
    }

    private async Task ServeAsync(GatedSession session)
    {
        await session.RunAsync(_serverPort);
        session.Dispose();
        _sessions.TryRemove(session, out _);
    }
}
