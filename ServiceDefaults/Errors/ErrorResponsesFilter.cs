using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace FanOut.ServiceDefaults.Errors;

/// <summary>Comes before everything that a service adds to its pipeline.</summary>
internal sealed class ErrorResponsesFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseMiddleware<BrowserRules>();
        next(app);
    };
}
