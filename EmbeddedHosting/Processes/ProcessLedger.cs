using System.Text.Json;
using FanOut.EmbeddedHosting.State;
using Microsoft.Extensions.Logging;

namespace FanOut.EmbeddedHosting.Processes;

/// <summary>The processes this host has started, on disk: what a killed host leaves behind is found and ended by the next.</summary>
internal sealed partial class ProcessLedger(DataFolder data, TimeProvider time, ILogger<ProcessLedger> logger)
{
    private static readonly TimeSpan PoliteTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly List<LedgerEntry> _entries = [];

    public void Add(ManagedProcess process)
    {
        lock (_lock)
        {
            if (process.Exited.IsCompleted)
            {
                return;
            }

            _entries.Add(new LedgerEntry(process.Spec.Name, process.Pid, process.ProcessStart, process.Spec.StopSignal, process.IsGroupLeader));
            Write();
        }
    }

    public void Remove(int pid)
    {
        lock (_lock)
        {
            if (_entries.RemoveAll(entry => entry.Pid == pid) > 0)
            {
                Write();
            }
        }
    }

    /// <summary>Ends what an earlier host left running. A process is only touched if it started when the ledger says it did: its id may be someone else's by now.</summary>
    public async Task CleanUpAsync(CancellationToken cancellationToken)
    {
        var left = Read().Where(IsAlive).Reverse().ToArray();
        foreach (var entry in left)
        {
            Log.EndingLeftover(logger, entry.Name, entry.Pid);
            Signals.Send(entry.Pid, entry.StopSignal);
        }

        var deadline = time.GetUtcNow() + PoliteTime;
        while (left.Any(IsAlive) && time.GetUtcNow() < deadline)
        {
            await Task.Delay(PollInterval, time, cancellationToken);
        }

        foreach (var entry in left.Where(IsAlive))
        {
            Signals.Send(entry.Pid, StopSignal.Kill);
            if (entry.IsGroupLeader)
            {
                Signals.SendToGroup(entry.Pid, StopSignal.Kill);
            }
        }

        while (left.Any(IsAlive))
        {
            await Task.Delay(PollInterval, time, cancellationToken);
        }

        lock (_lock)
        {
            Write();
        }
    }

    private static bool IsAlive(LedgerEntry entry) => entry.ProcessStart.Length > 0 && ProcessIdentity.Of(entry.Pid) == entry.ProcessStart;

    private List<LedgerEntry> Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(data.LedgerFile), StateJson.Default.ListLedgerEntry) ?? [];
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return [];
        }
    }

    private void Write() => OwnerOnly.Write(data.LedgerFile, JsonSerializer.Serialize(_entries, StateJson.Default.ListLedgerEntry));

    private static partial class Log
    {
        [LoggerMessage(7001, LogLevel.Information, "Ending {Name} (pid {Pid}), left by an AppHost that was killed")]
        public static partial void EndingLeftover(ILogger logger, string name, int pid);
    }
}
