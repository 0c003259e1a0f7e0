using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.State;
using Microsoft.Extensions.Logging;

namespace FanOut.EmbeddedHosting.Running;

internal sealed record RunnerContext(
    ResourceNotificationService Notifications,
    ProcessLauncher Launcher,
    EnvironmentFactory Environments,
    DataFolder Data,
    EmbeddedHostOptions Options,
    TimeProvider Time,
    ILogger Logger,
    Action StateChanged);
