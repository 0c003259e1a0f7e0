using System.Globalization;
using Microsoft.Extensions.Options;
using MimeKit;

namespace FanOut.NotificationWorker.Sending;

/// <summary>Writes mails to a folder. The file is named by the event's id, so a mail that is written again replaces itself.</summary>
internal sealed class PickupSession : IMailSession
{
    private readonly string _folder;

    public PickupSession(IOptions<SmtpOptions> options, IHostEnvironment environment)
        => _folder = Path.Combine(environment.ContentRootPath, options.Value.PickupFolder);

    public bool RepeatsShow => false;

    public async Task SendAsync(MimeMessage message, Guid eventId, CancellationToken cancellationToken)
    {
        var name = eventId.ToString("d", CultureInfo.InvariantCulture);
        var written = Path.Combine(_folder, $".{name}.tmp");
        try
        {
            await using (var file = Create(written))
            {
                await message.WriteToAsync(message.Format(), file, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            // The folder shows only complete mails.
            File.Move(written, Path.Combine(_folder, $"{name}.eml"), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MailServerAwayException($"Smtp:PickupFolder '{_folder}' cannot be written to: {e.Message}", e);
        }
    }

    public Task RestAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Mails have personal data: other users of the machine may not read them.</summary>
    private FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_folder);
        }
        else
        {
            Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }
}
