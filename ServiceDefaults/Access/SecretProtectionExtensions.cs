using FanOut.ServiceDefaults.Access;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

public static class SecretProtectionExtensions
{
    private const string Section = "DataProtection";

    // Part of every key's purpose: never change it.
    private const string ApplicationName = "FanOut";

    /// <summary>
    /// Registers <see cref="SecretProtector"/>. Its keys are made and replaced by ASP.NET Data Protection and kept in Postgres, where all replicas
    /// share them. With <c>DataProtection:Certificate</c> a certificate encrypts them.
    /// </summary>
    /// <exception cref="InvalidOperationException">A certificate cannot be used; the message names the setting.</exception>
    public static void AddSecretProtection(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        var protection = services.AddDataProtection().SetApplicationName(ApplicationName);
        services.AddSingleton<PostgresKeyRing>();
        services.AddOptions<KeyManagementOptions>().Configure<PostgresKeyRing>((options, ring) => options.XmlRepository = ring);
        services.AddSingleton(provider => new SharedKeyManager(
            ActivatorUtilities.CreateInstance<XmlKeyManager>(provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IKeyManager>(provider => provider.GetRequiredService<SharedKeyManager>());
        services.AddSingleton(provider => new SecretProtector(
            provider.GetRequiredService<IDataProtectionProvider>(), provider.GetRequiredService<SharedKeyManager>()));

        var settings = builder.Configuration.GetSection(Section);
        if (settings.GetSection("Certificate") is var current && current.Exists())
        {
            protection.ProtectKeysWithCertificate(CertificateFile.Load(current));
        }
        else if (!builder.Environment.IsDevelopment())
        {
            services.AddHostedService<UnencryptedKeysWarning>();
        }

        var previous = settings.GetSection("PreviousCertificates").GetChildren().Select(CertificateFile.Load).ToArray();
        if (previous.Length > 0)
        {
            protection.UnprotectKeysWithAnyCertificate(previous);
        }
    }
}
