using Microsoft.AspNetCore.Components;

namespace FanOut.StreamConsole.Parts;

/// <summary>What a page shows is in its address, so that it can be reloaded and shared.</summary>
internal static class Address
{
    /// <summary>This page with other parameters; null removes one.</summary>
    public static string With(this NavigationManager navigation, params (string Name, object? Value)[] parameters) =>
        navigation.GetUriWithQueryParameters(parameters.ToDictionary(it => it.Name, it => it.Value is "" ? null : it.Value));
}
