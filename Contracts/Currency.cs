using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace FanOut.Contracts;

/// <summary>A currency in use by ISO 4217 (list one), without the codes that are not money to pay with (XAU, XDR, XTS, XXX ...).</summary>
public sealed record Currency(string Code, int MinorUnits)
{
    private const string WithoutMinorUnits = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";

    private const string WithTwo =
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK " +
        "DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR " +
        "LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR " +
        "SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER " +
        "ZAR ZMW ZWG";

    private const string WithThree = "BHD IQD JOD KWD LYD OMR TND";

    private const string WithFour = "CLF UYW";

    private static readonly FrozenDictionary<string, Currency> ByCode =
        new[] { (WithoutMinorUnits, 0), (WithTwo, 2), (WithThree, 3), (WithFour, 4) }
            .SelectMany(group => group.Item1.Split(' '), (group, code) => new Currency(code, group.Item2))
            .ToFrozenDictionary(currency => currency.Code, StringComparer.Ordinal);

    public static bool TryGet(string code, [NotNullWhen(true)] out Currency? currency) => ByCode.TryGetValue(code, out currency);

    public static Currency Get(string code) => ByCode[code];

    /// <summary>The amount in whole minor units, half to even, written with all of them: 440 is 440.00 in USD.</summary>
    public decimal Round(decimal amount) =>
        decimal.Round(amount, MinorUnits, MidpointRounding.ToEven) + new decimal(0, 0, 0, isNegative: false, (byte)MinorUnits);
}
