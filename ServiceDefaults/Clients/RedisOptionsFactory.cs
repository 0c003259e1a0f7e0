using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FanOut.ServiceDefaults.Clients;

/// <summary>Options that start as the parsed connection string; others may still configure, post-configure and validate them.</summary>
internal sealed class RedisOptionsFactory(
    string connectionString,
    ILoggerFactory loggerFactory,
    IEnumerable<IConfigureOptions<ConfigurationOptions>> setups,
    IEnumerable<IPostConfigureOptions<ConfigurationOptions>> postConfigures,
    IEnumerable<IValidateOptions<ConfigurationOptions>> validations) : OptionsFactory<ConfigurationOptions>(setups, postConfigures, validations)
{
    protected override ConfigurationOptions CreateInstance(string name)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        options.LoggerFactory = loggerFactory;
        return options;
    }
}
