namespace FanOut.Cli.Kubernetes.Rendering;

/// <summary>An overlay could not be rendered; the message is for the person at the keyboard.</summary>
internal sealed class RenderingException(string message) : Exception(message);
