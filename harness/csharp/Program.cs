using System.Reflection;
using System.Runtime.CompilerServices;

namespace Leanopt.Harness;

/// <summary>Starts the harness: descriptors first, then LEAN's assemblies, then requests.</summary>
internal static class Program
{
    private const int WrongCommand = 2;

    private static int Main(string[] words)
    {
        Arguments arguments;
        try
        {
            arguments = Arguments.Parse(words);
        }
        catch (ArgumentException error)
        {
            Console.Error.WriteLine($"{error.Message}\n{Arguments.Usage}");
            return WrongCommand;
        }
        using var channel = Channel.TakeOver();
        Resolver.Install(arguments.Lean, Path.GetDirectoryName(arguments.Strategy) ?? "/");
        var code = Serve(arguments, channel);
        // A strategy may have left threads that never end.
        Native.Exit(code);
        return code;
    }

    // Apart, so that no type of LEAN is looked for before the resolver is there.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Serve(Arguments arguments, Channel channel) => new Session(arguments, channel).Run();

    /// <summary>The harness's own version.</summary>
    public static string Version => Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0";
}

/// <summary>The command line: LEAN's folder, the strategy's file, LEAN's data folder.</summary>
internal sealed record Arguments(string Lean, string Strategy, string Data)
{
    public const string Usage = "usage: LeanoptHarness.dll --lean FOLDER --strategy FILE --data FOLDER";

    /// <summary>Return what the words say.</summary>
    /// <exception cref="ArgumentException">An option is missing, unknown, or has no value.</exception>
    public static Arguments Parse(string[] words)
    {
        var given = new Dictionary<string, string>();
        for (var at = 0; at < words.Length; at += 2)
        {
            if (words[at] is not ("--lean" or "--strategy" or "--data") || at + 1 == words.Length)
            {
                throw new ArgumentException($"unknown option, or an option without a value: {words[at]}");
            }
            given[words[at]] = words[at + 1];
        }
        return new Arguments(Get(given, "--lean"), Get(given, "--strategy"), Get(given, "--data"));
    }

    private static string Get(Dictionary<string, string> given, string name) =>
        given.TryGetValue(name, out var value) ? Path.GetFullPath(value) : throw new ArgumentException($"{name} is missing");
}
