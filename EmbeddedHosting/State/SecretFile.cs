using System.Collections.Concurrent;
using System.Text.Json;

namespace FanOut.EmbeddedHosting.State;

/// <summary>The passwords that one data folder was made with, by parameter name.</summary>
internal sealed class SecretFile
{
    private static readonly ConcurrentDictionary<string, SecretFile> Files = new();

    private readonly string _path;
    private readonly Lock _lock = new();

    private SecretFile(string dataPath) => _path = Path.Combine(dataPath, "secrets.json");

    public static SecretFile In(string dataPath) => Files.GetOrAdd(dataPath, path => new SecretFile(path));

    public string GetOrAdd(string name, Func<string> create)
    {
        lock (_lock)
        {
            var secrets = File.Exists(_path) ? JsonSerializer.Deserialize(File.ReadAllText(_path), StateJson.Default.DictionaryStringString)! : [];
            if (secrets.TryGetValue(name, out var known))
            {
                return known;
            }

            secrets[name] = create();
            OwnerOnly.Write(_path, JsonSerializer.Serialize(secrets, StateJson.Default.DictionaryStringString));
            return secrets[name];
        }
    }
}
