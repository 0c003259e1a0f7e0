using System.Text.Json;
using FanOut.EmbeddedHosting.Processes;

namespace FanOut.EmbeddedHosting.State;

/// <summary>What a running AppHost says about itself, in <c>host.json</c> of its data folder: the source of <c>fanout status</c>.</summary>
/// <param name="Pid">The AppHost's process id.</param>
/// <param name="ProcessStart">Tells this process from a later one with the same id.</param>
/// <param name="Failure">Why the host gave up, or null.</param>
/// <param name="Resources">In the order they were added to the model; one entry a replica.</param>
public sealed record HostState(int Pid, string ProcessStart, string? Failure, IReadOnlyList<ResourceState> Resources)
{
    /// <summary>Whether the AppHost that wrote this is still there.</summary>
    public bool IsAlive() => ProcessIdentity.Of(Pid) == ProcessStart;

    public static string FileIn(string dataPath) => Path.Combine(dataPath, "host.json");

    /// <summary>The last state written in this data folder, or null when there is none or it is unreadable.</summary>
    public static HostState? Read(string dataPath)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(FileIn(dataPath)), StateJson.Default.HostState);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    internal static void Write(string dataPath, HostState state) => OwnerOnly.Write(FileIn(dataPath), JsonSerializer.Serialize(state, StateJson.Default.HostState));
}
