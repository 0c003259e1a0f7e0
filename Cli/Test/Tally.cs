namespace FanOut.Cli.Test;

internal sealed class Tally
{
    private int _passed;
    private int _failed;

    public void Add(int passed, int failed)
    {
        _passed += passed;
        _failed += failed;
    }

    public void Count(string what, bool succeeded)
    {
        if (succeeded)
        {
            _passed++;
        }
        else
        {
            Failed(what);
        }
    }

    public void Failed(string what)
    {
        Console.Out.WriteLine($"FAILED: {what}");
        _failed++;
    }

    /// <returns>The exit status.</returns>
    public int Report()
    {
        Console.Out.WriteLine($"{_passed} passed, {_failed} failed");
        return _failed == 0 && _passed > 0 ? 0 : 1;
    }
}
