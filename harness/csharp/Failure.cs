namespace Leanopt.Harness;

/// <summary>The categories of errors that harnesses send.</summary>
internal static class Category
{
    public const string Strategy = "strategy error";
    public const string NoResult = "no result";
    public const string Engine = "engine error";
}

/// <summary>Why a request has no result: a category, and a message that the user can act on.</summary>
internal sealed class Failure(string category, string message) : Exception(message)
{
    public string Category { get; } = category;
}
