using Xunit;

namespace FanOut.Services.Tests;

/// <summary>Addresses that the API and the mailer must judge alike.</summary>
public static class EmailAddresses
{
    /// <summary>Addresses, and what a mail server is told.</summary>
    public static TheoryData<string, string> Accepted => new()
    {
        { "ada@example.com", "ada@example.com" },
        { "o'brien+tag@sub.example.co.uk", "o'brien+tag@sub.example.co.uk" },
        { "a.b-c_d%e!f@example.com", "a.b-c_d%e!f@example.com" },
        { "ada@localhost", "ada@localhost" },
        { "ada@xn--mnchen-3ya.example", "ada@xn--mnchen-3ya.example" },
        { "ada@XN--MNCHEN-3YA.example", "ada@xn--mnchen-3ya.example" },
        { "ada@münchen.example", "ada@xn--mnchen-3ya.example" },
        { "ada@MÜNCHEN.example", "ada@xn--mnchen-3ya.example" },
        { "ada@हिन्दी.example", "ada@xn--j2bd4cyah0f.example" },
        { "δοκιμή@παράδειγμα.ελ", "δοκιμή@παράδειγμα.ελ" },
        { "émile@example.com", "émile@example.com" },
        { $"{new string('a', 64)}@example.com", $"{new string('a', 64)}@example.com" },
        { $"ada@{new string('b', 63)}.com", $"ada@{new string('b', 63)}.com" },
    };

    public static TheoryData<string> Refused =>
    [
        "", "ada", "ada@", "@example.com", "ada@b@example.com", ".ada@example.com", "ada.@example.com", "a..da@example.com", "ada@.example.com",
        "ada@example.com.", "ada@example..com", "ada@-example.com", "ada@example-.com", "ada@exa_mple.com", "ada@xn--a.example", "ada@xn--.example",
        "ada@[127.0.0.1]", "ada@[IPv6:::1]", "\"ada\"@example.com", "\"a da\"@example.com", "a(comment)da@example.com", "ada@example.com(comment)",
        "<ada@example.com>", "Ada <ada@example.com>", "ada@example.com, bob@example.com",
        "ada@example.com;bob@example.com", "friends:ada@example.com;",
        "@relay.example:ada@example.com", " ada@example.com", "ada@example.com ", "ada @example.com", "ada@example.com\n",
        "ada@example.com\r\nBcc: bob@example.com", "a\u0001da@example.com", "a\u200bda@example.com", "ada@exam\u200bple.com", "a\u00a0da@example.com",
        "ada@example\u3002com", $"{new string('a', 65)}@example.com", $"{new string('ä', 33)}@example.com", $"ada@{new string('b', 64)}.com",
        $"ada@{string.Join('.', Enumerable.Repeat(new string('b', 50), 5))}.com",
    ];
}
