using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace FanOut.ServiceDefaults.Errors;

/// <summary>Stands before everything a service adds to its pipeline, in whatever order it does that.</summary>
internal sealed class ErrorResponsesFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        next(app);
    };
}
