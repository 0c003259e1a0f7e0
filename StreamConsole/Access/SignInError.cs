namespace FanOut.StreamConsole.Access;

/// <summary>Why a person was not signed in.</summary>
internal enum SignInError
{
    /// <summary>There is no such key, or the token is not valid.</summary>
    Key,

    /// <summary>It may not read operations.</summary>
    Scope,

    /// <summary>The form is too old, or another page has sent it.</summary>
    Page,

    /// <summary>The database, or the authority that issues tokens, does not answer.</summary>
    Away,
}
