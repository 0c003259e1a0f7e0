using System.Net;
using Xunit;

namespace FanOut.Services.Tests.AnalyticsWorker;

public sealed class ReportTests(AnalyticsFixture analytics) : IClassFixture<AnalyticsFixture>
{
    [Theory]
    [InlineData("revenue?from=yesterday", "from")]
    [InlineData("revenue?from=1996-13-01&to=31.12.1998&currency=usd", "from", "to", "currency")]
    [InlineData("revenue?from=1998-01-02&to=1998-01-01", "from")]
    [InlineData("revenue?currency=DOLLAR", "currency")]
    [InlineData("revenue?from=01/02/1998", "from")]
    [InlineData("revenue?by=quantity", "by")]
    [InlineData("top-products?day=1998-01-01", "day")]
    [InlineData("revenue?currency=%00%00%00", "currency")]
    [InlineData("top-products?limit=0", "limit")]
    [InlineData("top-products?limit=101&by=name", "limit", "by")]
    [InlineData("top-products?limit=99999999999", "limit")]
    public async Task Invalid_parameters_are_named(string query, params string[] names) =>
        (await GetAsync($"/analytics/{query}")).IsProblemOf(HttpStatusCode.BadRequest, names);

    [Fact]
    public async Task A_report_covers_the_last_thirty_days_by_default()
    {
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);

        var report = await analytics.Api.GetRevenueAsync(cancellationToken: AnalyticsFixture.Cancellation);

        Assert.InRange(report.To, today, today.AddDays(1));
        Assert.Equal(report.To.AddDays(-29), report.From);
    }

    [Theory]
    [InlineData("revenue?from=0001-01-01&to=0001-01-01")]
    [InlineData("revenue?to=0001-01-02")]
    [InlineData("revenue?from=0001-01-01&to=9999-12-31&currency=")]
    [InlineData("top-products?from=0001-01-01&to=9999-12-31&by=quantity&limit=100")]
    public async Task The_first_and_last_dates_are_valid(string query) =>
        Assert.Equal(HttpStatusCode.OK, (await GetAsync($"/analytics/{query}")).Status);

    [Theory]
    [InlineData("/health")]
    [InlineData("/alive")]
    [InlineData("/metrics")]
    public async Task The_worker_reports_its_health(string path) =>
        await Eventually.BecomesTrueAsync(async () => (await GetAsync(path)).Status == HttpStatusCode.OK);

    private Task<Answer> GetAsync(string path) => Answer.ToAsync(analytics.Http, new HttpRequestMessage(HttpMethod.Get, path));
}
