namespace FanOut.Contracts.Operations;

/// <summary>
/// One reason to move: <c>rate</c> (events a second, sustained), <c>retention</c> (hours) or <c>groups</c>. <see cref="Value"/> is null while it can't be told. <see cref="Margin"/> is what is left up to the limit, in the same
/// unit; <see cref="DaysLeft"/> when the trend reaches it, null where it does not or too little is known.
/// </summary>
public sealed record KafkaCriterion(string Name, string Unit, double? Value, double Limit, double? Margin, double? MarginPercent, bool IsOver, double? TrendPerDay, double? DaysLeft);
