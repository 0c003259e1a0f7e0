using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace FanOut.TestServers;

/// <summary>One child process and its descendants, which die with this process.</summary>
internal sealed partial class ServerProcess
{
    private const int SigInt = 2;
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int TailLines = 60;
    private static readonly BlockingCollection<Action> Launches = [];

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _tail = new();
    private readonly Task _reading;
    private readonly string _name;
    private readonly TextWriter? _log;

    // The kernel ties the parent-death signal to the *thread* that forked, and the pool retires its threads. So one thread starts everything
    // and never ends.
    static ServerProcess() => new Thread(() =>
    {
        foreach (var launch in Launches.GetConsumingEnumerable())
        {
            launch();
        }
    })
    { IsBackground = true, Name = "test server launcher" }.Start();

    private ServerProcess(string name, Process process, string? log)
    {
        _name = name;
        _process = process;

        // Shared: the end of what a former life printed may still be on its way into the same file.
        if (log is not null)
        {
            var file = new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            _log = TextWriter.Synchronized(new StreamWriter(file) { AutoFlush = true });
        }

        _log?.WriteLine($"--- {name} started as process {process.Id}");
        _reading = ReadAllAsync(process);
    }

    public static bool IsRoot { get; } = !OperatingSystem.IsWindows() && GetEffectiveUserId() == 0;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Of a process that has ended.</summary>
    public int ExitCode => _process.ExitCode;

    public string LogTail => string.Join(Environment.NewLine, _tail);

    private static int SigStop => OperatingSystem.IsMacOS() ? 17 : 19;

    private static int SigContinue => OperatingSystem.IsMacOS() ? 19 : 18;

    public static async Task<ServerProcess> StartAsync(
        string name, string file, IEnumerable<string> arguments, bool asServiceUser = false, string? workingFolder = null,
        IReadOnlyDictionary<string, string>? environment = null, string? log = null)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = workingFolder ?? Path.GetTempPath(),
        };
        start.Environment["LC_ALL"] = "C";
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        var command = new List<string>();
        if (ServerBinary.SetPriv is { } setpriv)
        {
            command.AddRange([setpriv, "--pdeathsig", "KILL"]);
            if (asServiceUser && IsRoot)
            {
                var user = File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";
                command.AddRange([$"--reuid={user}", $"--regid={user}", "--init-groups"]);
            }

            command.Add("--");
        }
        else if (asServiceUser && IsRoot)
        {
            throw new TestServerException($"{name} refuses to run as root: install 'setpriv' (package util-linux) to start it as another user.");
        }

        command.Add(file);
        command.AddRange(arguments);
        start.FileName = command[0];
        command.Skip(1).ToList().ForEach(start.ArgumentList.Add);

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Launches.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception e)
            {
                started.SetException(new TestServerException($"{name} could not be started ({string.Join(' ', command)}): {e.Message}", e));
            }
        });

        var process = new ServerProcess(name, await started.Task, log);
        Leftovers.Track(process);
        return process;
    }

    public static async Task RunToEndAsync(
        string name, string file, IEnumerable<string> arguments, bool asServiceUser, CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var process = await StartAsync(name, file, arguments, asServiceUser, environment: environment);
        try
        {
            await process._process.WaitForExitAsync(cancellationToken);
            await process._reading.WaitAsync(cancellationToken);
            if (process._process.ExitCode != 0)
            {
                throw process.Failure($"ended with status {process._process.ExitCode}");
            }
        }
        finally
        {
            process.KillNow();
        }
    }

    public TestServerException Failure(string what, Exception? cause = null) =>
        new($"{_name} {what}. Its last log lines:{Environment.NewLine}{LogTail}", cause!);

    /// <summary>Polls until the server answers, or says why it does not.</summary>
    public async Task WaitUntilReadyAsync(Func<CancellationToken, Task<bool>> answers, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(timeout);
        Exception? last = null;
        while (!deadline.IsCancellationRequested)
        {
            if (HasExited)
            {
                var output = _reading.WaitAsync(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
                await output.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw Failure($"ended at start with status {_process.ExitCode}");
            }

            try
            {
                if (await answers(deadline.Token))
                {
                    return;
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                last = e;
            }

            var pause = Task.Delay(TimeSpan.FromMilliseconds(15), TimeProvider.System, deadline.Token);
            await pause.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw Failure($"did not answer within {timeout.TotalSeconds:0} s", last);
    }

    /// <summary>kill -9 of the process and its children, as if the machine had gone; returns when all are gone.</summary>
    public async Task KillAsync()
    {
        var all = KillNow();
        await _process.WaitForExitAsync();
        await UntilAsync(() => all.All(id => StateOf(id) is null or 'Z' or 'X'), "is still there after SIGKILL");

        // A next life may append to the same log. Nobody waits for long: a descendant that nobody knows of may hold the pipe.
        await _reading.WaitAsync(TimeSpan.FromSeconds(2), TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public List<int> KillNow()
    {
        Leftovers.Forget(this);
        if (_process.HasExited)
        {
            return [];
        }

        // Stopped first, so that it forks no child between the listing and the end.
        _ = SendSignal(Id, SigStop);
        var all = Family();
        all.ForEach(id => _ = SendSignal(id, SigKill));
        return all;
    }

    /// <summary>An orderly end: data is flushed. Postgres ends its sessions (fast shutdown). What does not end in time is killed.</summary>
    /// <param name="interrupt">SIGINT rather than SIGTERM.</param>
    /// <param name="patience">How long it may take; 15 s unless given.</param>
    /// <returns>Whether it ended by itself.</returns>
    public async Task<bool> StopAsync(bool interrupt, TimeSpan? patience = null)
    {
        if (!_process.HasExited)
        {
            Resume();
            _ = SendSignal(Id, interrupt ? SigInt : SigTerm);
            using var deadline = new CancellationTokenSource(patience ?? TimeSpan.FromSeconds(15), TimeProvider.System);
            await _process.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var ended = _process.HasExited;
        await KillAsync();
        return ended;
    }

    /// <summary>SIGSTOP of the process and its children: connections stay open and nothing answers, like a stalled or unreachable host.</summary>
    public async Task PauseAsync()
    {
        _ = SendSignal(Id, SigStop);
        var all = Family();
        all.ForEach(id => _ = SendSignal(id, SigStop));
        await UntilAsync(() => all.All(id => StateOf(id) is null or 'T' or 'Z'), "did not stop on SIGSTOP");
    }

    public void Resume() => Resume(Id);

    /// <summary>SIGSTOP of a process that something else started, and its children.</summary>
    public static void Pause(int process) => FamilyOf(process).ForEach(id => _ = SendSignal(id, SigStop));

    public static void Resume(int process) => FamilyOf(process).ForEach(id => _ = SendSignal(id, SigContinue));

    private async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(15))
            {
                throw Failure(otherwise);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private List<int> Family() => FamilyOf(Id);

    private static List<int> FamilyOf(int id)
    {
        var family = new List<int> { id };
        for (var i = 0; i < family.Count; i++)
        {
            try
            {
                family.AddRange(File.ReadAllText($"/proc/{family[i]}/task/{family[i]}/children")
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(id => int.Parse(id, CultureInfo.InvariantCulture)));
            }
            catch (IOException)
            {
                // Gone meanwhile, or no /proc on this system: then the process itself is all that is known.
            }
        }

        return family;
    }

    private static char? StateOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private async Task ReadAllAsync(Process process)
    {
        await Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        if (_log is not null)
        {
            await _log.DisposeAsync();
        }
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            _tail.Enqueue(line);
            if (_log is not null)
            {
                await _log.WriteLineAsync(line);
            }

            while (_tail.Count > TailLines)
            {
                _tail.TryDequeue(out _);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
