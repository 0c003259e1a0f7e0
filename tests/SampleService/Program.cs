using System.Collections;

if (Environment.GetEnvironmentVariable("SAMPLE_CRASH") is "true")
{
    return 3;
}

var app = WebApplication.CreateBuilder(args).Build();
app.MapGet("/health", () => Results.Ok());
app.MapGet("/environment", () => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value));
app.Run();
return 0;
