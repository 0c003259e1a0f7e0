using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MimeKit;

namespace FanOut.Services.Tests.NotificationWorker;

/// <summary>A minimal SMTP server (RFC 5321) on loopback. A test can script the reply to any command, or cut the connection.</summary>
internal sealed class SmtpSink : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private readonly ConcurrentBag<Task> _sessions = [];
    private int _connections;

    private SmtpSink(int port)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The reply to a command, or null for the normal one; "drop" cuts the connection. The end of DATA is the command ".".</summary>
    public Func<string, string?> Script { get; set; } = _ => null;

    public ConcurrentQueue<string> Mails { get; } = new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Connections => Volatile.Read(ref _connections);

    public static SmtpSink Start(int port = 0) => new(port);

    public IEnumerable<MimeMessage> Parsed => Mails.Select(mail => MimeMessage.Load(new MemoryStream(Encoding.Latin1.GetBytes(mail))));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _sessions.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The sink is disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        Interlocked.Increment(ref _connections);
        using (client)
        {
            try
            {
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.Latin1);
                await SayAsync(stream, "220 sink ESMTP");
                while (await reader.ReadLineAsync(_stop.Token) is { } command)
                {
                    if (!await AnswerAsync(stream, reader, command))
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The client disconnected, or the sink is disposed.
            }
        }
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, StreamReader reader, string command)
    {
        var scripted = Script(command);
        if (scripted == "drop")
        {
            return false;
        }

        var verb = command.Split(' ', ':')[0].ToUpperInvariant();
        await SayAsync(stream, scripted ?? verb switch
        {
            "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 SIZE 1000000",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            "HELO" or "MAIL" or "RCPT" or "RSET" or "NOOP" => "250 ok",
            _ => "502 not here",
        });
        if (verb == "DATA" && scripted is null)
        {
            return await TakeAsync(stream, reader);
        }

        return verb != "QUIT";
    }

    private async Task<bool> TakeAsync(NetworkStream stream, StreamReader reader)
    {
        var mail = new StringBuilder();
        while (await reader.ReadLineAsync(_stop.Token) is { } line && line != ".")
        {
            mail.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        }

        var scripted = Script(".");
        if (scripted is null || scripted == "drop")
        {
            Mails.Enqueue(mail.ToString());
        }

        if (scripted == "drop")
        {
            return false;
        }

        await SayAsync(stream, scripted ?? "250 taken");
        return true;
    }

    private async Task SayAsync(NetworkStream stream, string line) => await stream.WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"), _stop.Token);
}
