using System.ComponentModel.DataAnnotations;

namespace FanOut.EmbeddedHosting.Running;

/// <summary>Settings of the engine, section <c>EmbeddedHosting</c>.</summary>
internal sealed class EmbeddedHostOptions
{
    public const string SectionName = "EmbeddedHosting";

    /// <summary>Folder for data, logs and state. Default: <c>.data</c> at the root of the repository.</summary>
    public string? DataPath { get; set; }

    /// <summary>Delete all data before starting. Default: false.</summary>
    public bool Fresh { get; set; }

    /// <summary>Write the resources' log lines to the terminal. Default: true.</summary>
    public bool Console { get; set; } = true;

    /// <summary>How long everything may take to become healthy before the host gives up. Default: 120 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "EmbeddedHosting:StartTimeout must be between 00:00:01 and 01:00:00.")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>Stop the host when not everything is healthy in time. Default: true.</summary>
    public bool StopOnFailedStart { get; set; } = true;

    /// <summary>How long a service may take to stop before it is killed. Default: 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:02:00", ErrorMessage = "EmbeddedHosting:StopTimeout must be between 00:00:00.1 and 00:02:00.")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>First pause before a crashed resource is started again; doubled each time it crashes again. Default: 0.5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00", ErrorMessage = "EmbeddedHosting:RestartDelay must be between 00:00:00.01 and 00:10:00.")]
    public TimeSpan RestartDelay { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Longest pause before a crashed resource is started again. Default: 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00", ErrorMessage = "EmbeddedHosting:MaxRestartDelay must be between 00:00:00.01 and 01:00:00.")]
    public TimeSpan MaxRestartDelay { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The user that PostgreSQL runs as when the AppHost is started by root, which PostgreSQL refuses. Default: <c>postgres</c>.</summary>
    [Required(ErrorMessage = "EmbeddedHosting:PostgresUser must name a user.")]
    public string PostgresUser { get; set; } = "postgres";
}
