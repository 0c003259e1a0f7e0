using System.Net;
using System.Text.RegularExpressions;
using FanOut.ServiceDefaults.Access;
using FanOut.Services.Tests.Access;
using FanOut.StreamConsole.Live;
using FanOut.TestServers;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FanOut.Services.Tests.StreamConsole;

/// <summary>The console on Kestrel with a real Postgres, and a browser without scripts. The services are away.</summary>
internal sealed partial class ConsoleHost : IAsyncDisposable
{
    private readonly ServiceHost<LiveStatus> _host;
    private readonly PostgresDatabase? _ownDatabase;

    private ConsoleHost(ServiceHost<LiveStatus> host, PostgresDatabase database, bool ownsDatabase)
    {
        _host = host;
        Database = database;
        _ownDatabase = ownsDatabase ? database : null;
        Browser = NewBrowser();
    }

    public PostgresDatabase Database { get; }

    public Uri Address => _host.Address;

    public IServiceProvider Services => _host.Services;

    /// <summary>Has cookies and follows no redirect.</summary>
    public HttpClient Browser { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ConsoleHost> StartAsync(
        PostgresDatabase? database = null, ILoggerProvider? logs = null, params (string Key, string Value)[] settings)
    {
        var used = database ?? await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        if (database is null)
        {
            await NewKey.CreateTablesAsync(used.DataSource);
        }

        var host = await ServiceHost<LiveStatus>.StartAsync(
            settings.ToDictionary(setting => setting.Key, setting => setting.Value), used, logs, Cancellation);
        return new ConsoleHost(host, used, database is null);
    }

    public HttpClient NewBrowser(CookieContainer? cookies = null)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = cookies ?? new(), UseProxy = false };
        return new HttpClient(handler) { BaseAddress = Address, DefaultRequestHeaders = { Accept = { new("text/html") } } };
    }

    public Task<ApiKey> NewKeyAsync(params string[] scopes) => NewKey.InAsync(Database.DataSource, scopes);

    public Task<HttpResponseMessage> GetAsync(string path) => Browser.GetAsync(new Uri(path, UriKind.Relative), Cancellation);

    /// <summary>Opens the form, and sends it; over a proxy that decrypts, if <paramref name="encrypted"/>.</summary>
    public async Task<HttpResponseMessage> SignInAsync(string key, string returnUrl = "", bool encrypted = false)
    {
        var form = await Browser.GetStringAsync(new Uri("/sign-in", UriKind.Relative), Cancellation);
        if (encrypted)
        {
            Browser.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        }

        return await SendAsync("/sign-in", new()
        {
            ["__RequestVerificationToken"] = FormToken().Match(form).Groups["token"].Value,
            ["key"] = key,
            ["returnUrl"] = returnUrl,
        });
    }

    public async Task<HttpResponseMessage> SendAsync(string path, Dictionary<string, string> form)
    {
        using var content = new FormUrlEncodedContent(form);
        return await Browser.PostAsync(new Uri(path, UriKind.Relative), content, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        Browser.Dispose();
        await _host.DisposeAsync();
        if (_ownDatabase is not null)
        {
            await _ownDatabase.DisposeAsync();
        }
    }

    [GeneratedRegex("""name="__RequestVerificationToken" value="(?<token>[^"]+)""")]
    private static partial Regex FormToken();
}
