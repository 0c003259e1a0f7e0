using System.Text.Encodings.Web;
using Microsoft.Extensions.Options;

namespace FanOut.StreamConsole.Errors;

/// <summary>Shows a problem as a page to a person whose browser asked for one.</summary>
internal sealed class PageProblemWriter(IOptions<ProblemDetailsOptions> options) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => context.HttpContext.Request.IsForPage();

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var (problem, response) = (context.ProblemDetails, context.HttpContext.Response);
        problem.Status ??= response.StatusCode;

        // Sets the title of the status where there is none.
        _ = TypedResults.Problem(problem);
        options.Value.CustomizeProblemDetails?.Invoke(context);
        var trace = problem.Extensions.TryGetValue("traceId", out var id) ? id?.ToString() : null;
        response.ContentType = "text/html; charset=utf-8";
        await response.WriteAsync(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
              <meta charset="utf-8" />
              <meta name="viewport" content="width=device-width, initial-scale=1" />
              <title>{Encode(problem.Title)} · FanOut</title>
              <script src="/theme.js"></script>
              <link rel="stylesheet" href="/console.css" />
            </head>
            <body>
              <main class="sign-in-page">
                <div class="notice bad" role="alert">
                  <h1>{Encode(problem.Title)}</h1>
                  <p>{Encode(problem.Detail ?? "Try again in a moment.")}</p>
                  <p><a href="">Load this page again</a>, or go to the <a href="/">overview</a>. The trace of this request is {Encode(trace)}.</p>
                </div>
              </main>
            </body>
            </html>
            """,
            context.HttpContext.RequestAborted);
    }

    private static string Encode(string? text) => HtmlEncoder.Default.Encode(text ?? "");
}
