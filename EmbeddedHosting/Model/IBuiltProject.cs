namespace FanOut.EmbeddedHosting;

/// <summary>A project that the AppHost's build has built: this engine starts its output without asking MSBuild again.</summary>
public interface IBuiltProject
{
    string TargetPath { get; }
}
