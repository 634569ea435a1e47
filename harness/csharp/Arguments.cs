namespace Leanopt.Harness;

/// <summary>The command line.</summary>
/// <param name="Lean">LEAN's folder, the Launcher's.</param>
/// <param name="Strategy">The strategy's file, which is loaded before the hello.</param>
/// <param name="Data">LEAN's data folder.</param>
/// <param name="Store">The folder with the initial files of LEAN's object store, null for an empty store.</param>
/// <param name="Config">The configuration that all requests share, as JSON.</param>
/// <param name="RollingWindows">Whether LEAN's statistics of rolling windows are computed.</param>
internal sealed record Arguments(string Lean, string Strategy, string Data, string? Store, string Config, bool RollingWindows)
{
    public const string Usage =
        "usage: LeanoptHarness.dll --lean FOLDER --strategy FILE --data FOLDER [--store FOLDER] [--config JSON] "
        + "[--rolling-windows]";

    private const string Rolling = "--rolling-windows";
    private static readonly string[] Options = ["--lean", "--strategy", "--data", "--store", "--config"];

    /// <summary>Parse the command line.</summary>
    /// <exception cref="ArgumentException">An option is missing, unknown, or has no value.</exception>
    public static Arguments Parse(IEnumerable<string> words)
    {
        var left = new Queue<string>(words);
        var given = new Dictionary<string, string>();
        while (left.TryDequeue(out var word))
        {
            given[word] = word == Rolling ? "" : Value(word, left);
        }
        return new Arguments(
            FullPath(given, "--lean"),
            FullPath(given, "--strategy"),
            FullPath(given, "--data"),
            given.ContainsKey("--store") ? FullPath(given, "--store") : null,
            given.GetValueOrDefault("--config", "{}"),
            given.ContainsKey(Rolling));
    }

    private static string Value(string option, Queue<string> left)
    {
        if (!Options.Contains(option))
        {
            throw new ArgumentException($"unknown option: {option}");
        }
        return left.TryDequeue(out var value) ? value : throw new ArgumentException($"{option} has no value");
    }

    private static string FullPath(Dictionary<string, string> given, string option) =>
        given.TryGetValue(option, out var value) ? Path.GetFullPath(value) : throw new ArgumentException($"{option} is missing");
}
