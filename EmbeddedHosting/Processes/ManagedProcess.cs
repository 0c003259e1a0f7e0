using System.Diagnostics;

namespace FanOut.EmbeddedHosting.Processes;

internal sealed class ManagedProcess(ProcessSpec spec, Process process, bool isGroupLeader, TimeProvider time)
{
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ProcessSpec Spec { get; } = spec;

    public int Pid { get; private set; }

    public string ProcessStart { get; private set; } = "";

    public bool IsGroupLeader { get; } = isGroupLeader;

    /// <summary>Completes with the exit code. It does not wait for the output's end: a grandchild may hold the pipe open for long.</summary>
    public Task<int> Exited => _exited.Task;

    public void Start(Action<string> writeLine)
    {
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data);
        process.Exited += (_, _) => _exited.TrySetResult(process.ExitCode);
        process.Start();
        Pid = process.Id;
        ProcessStart = ProcessIdentity.Of(Pid) ?? "";
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        void Write(string? line)
        {
            if (line is not null)
            {
                writeLine(line);
            }
        }
    }

    /// <summary>Asks politely, waits, and then kills the whole process group.</summary>
    /// <returns>Whether it ended by itself in time.</returns>
    public async Task<bool> StopAsync()
    {
        var polite = true;
        if (!Exited.IsCompleted)
        {
            Signals.Send(Pid, Spec.StopSignal);
            try
            {
                await Exited.WaitAsync(Spec.StopTimeout, time);
            }
            catch (TimeoutException)
            {
                polite = false;
            }
        }

        Kill();
        await Exited;
        return polite;
    }

    public void Kill()
    {
        if (!Exited.IsCompleted)
        {
            Signals.Send(Pid, StopSignal.Kill);
        }

        if (IsGroupLeader)
        {
            Signals.SendToGroup(Pid, StopSignal.Kill);
        }
    }
}
