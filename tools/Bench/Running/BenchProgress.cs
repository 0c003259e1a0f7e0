using Spectre.Console;

namespace FanOut.Bench.Running;

/// <summary>Shows how far a scenario is: a bar on a terminal, lines in a pipe.</summary>
internal sealed class BenchProgress(ProgressTask? bar, Action<string> write)
{
    /// <summary>There is so much more to do.</summary>
    public void Expect(int steps)
    {
        if (bar is not null)
        {
            bar.MaxValue += steps;
        }
    }

    public void Step(string done)
    {
        bar?.Increment(1);
        Say(done);
    }

    public void Say(string what)
    {
        if (bar is null)
        {
            write(what);
        }
        else
        {
            bar.Description = Markup.Escape(what);
        }
    }
}
