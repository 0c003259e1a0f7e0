namespace FanOut.EmbeddedHosting.Processes;

/// <summary>A process the host has started; its start tells it from a later one with the same id.</summary>
internal sealed record LedgerEntry(string Name, int Pid, string ProcessStart, StopSignal StopSignal, bool IsGroupLeader);
