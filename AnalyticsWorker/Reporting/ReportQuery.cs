using System.Globalization;

namespace FanOut.AnalyticsWorker.Reporting;

/// <summary>The parameters of a report. They are taken as text, so that a wrong one can be answered by name.</summary>
internal sealed class ReportQuery(DateOnly today)
{
    private const int DefaultDays = 30;
    private const int DefaultLimit = 10;
    private const int HighestLimit = 100;

    private readonly Dictionary<string, string[]> _errors = new(StringComparer.Ordinal);

    public DateOnly From { get; private set; }

    public DateOnly To { get; private set; }

    public string? Currency { get; private set; }

    public bool ByQuantity { get; private set; }

    public int Limit { get; private set; } = DefaultLimit;

    public IResult? Problem => _errors.Count == 0 ? null : TypedResults.ValidationProblem(_errors, title: "The query is not valid.");

    public ReportQuery InPeriod(string? from, string? to)
    {
        To = Day("to", to) ?? today;
        From = Day("from", from) ?? To.AddDays(1 - Math.Min(DefaultDays, To.DayNumber + 1));
        if (_errors.Count == 0 && From > To)
        {
            _errors["from"] = [$"must not be after to ({To:yyyy-MM-dd})"];
        }

        return this;
    }

    public ReportQuery InCurrency(string? currency)
    {
        if (!string.IsNullOrEmpty(currency) && (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper)))
        {
            _errors["currency"] = ["must be an ISO 4217 code, like USD"];
        }

        Currency = string.IsNullOrEmpty(currency) ? null : currency;
        return this;
    }

    public ReportQuery Ranked(string? by, string? limit)
    {
        if (by is not (null or "revenue" or "quantity"))
        {
            _errors["by"] = ["must be revenue or quantity"];
        }

        ByQuantity = by == "quantity";
        if (limit is not null)
        {
            if (int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= HighestLimit)
            {
                Limit = number;
            }
            else
            {
                _errors["limit"] = [$"must be a whole number from 1 to {HighestLimit}"];
            }
        }

        return this;
    }

    private DateOnly? Day(string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            return day;
        }

        _errors[name] = ["must be a day, like 2026-01-31"];
        return null;
    }
}
